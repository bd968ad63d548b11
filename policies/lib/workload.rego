# METADATA
# title: Workloads
# description: |
#   What rules about Pods look at: every object that is a Pod or makes Pods, in one way, so that lint of
#   a Deployment and admission of its Pod agree.
package lib.workload

# The Pod (metadata and spec) that an object is, or makes.
pod(object) := object if object.kind == "Pod"

pod(object) := object.spec.template if {
	object.kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}
}

pod(object) := object.spec.jobTemplate.spec.template if object.kind == "CronJob"

# Where that Pod's spec stands in the object.
spec_path(object) := "spec" if object.kind == "Pod"

spec_path(object) := "spec.template.spec" if {
	object.kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}
}

spec_path(object) := "spec.jobTemplate.spec.template.spec" if object.kind == "CronJob"

# All containers of the Pod, with the field each stands in: ephemeral ones too, which `kubectl debug` adds.
# One without a name has an empty one, or a message that says it would be undefined and the rule silent.
containers(workload) := [{"container": container, "name": name, "field": field} |
	some list in ["initContainers", "containers", "ephemeralContainers"]
	some index, container in pod(workload).spec[list]
	name := object.get(container, "name", "")
	field := sprintf("%s.%s[%d]", [spec_path(workload), list, index])
]

# An object that is going away: controllers must be able to take finalizers off it.
leaving(review) if review.operation == "DELETE"

leaving(review) if {
	review.operation == "UPDATE"
	review.object.metadata.deletionTimestamp
}

# A review that can bring something new into the cluster: a creation, or an update that changes the Pod.
# Scaling, labelling and status-keeping of what was there before the rule are left alone.
brings_new_pod(review) if {
	not leaving(review)
	not same_pod(review)
}

same_pod(review) if {
	review.operation == "UPDATE"
	pod(review.object).spec == pod(review.oldObject).spec
}
