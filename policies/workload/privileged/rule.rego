# METADATA
# title: No privileged containers
# description: A privileged container is root on its node.
# custom:
#   kind: SealwardPrivilegedContainer
#   match:
#     kinds:
#       - apiGroups: [""]
#         kinds: [Pod, ReplicationController]
#       - apiGroups: [apps]
#         kinds: [Deployment, StatefulSet, DaemonSet, ReplicaSet]
#       - apiGroups: [batch]
#         kinds: [Job, CronJob]
#     excludedNamespaces: [kube-system]
package workload.privileged

import data.lib.workload

violation contains {"msg": msg, "details": {"field": field}} if {
	workload.brings_new_pod(input.review)
	some entry in workload.containers(input.review.object)
	entry.container.securityContext.privileged == true
	field := sprintf("%s.securityContext.privileged", [entry.field])
	msg := sprintf("container %q is privileged (%s): remove it, and add the single capabilities that are needed", [entry.name, field])
}

violation contains {"msg": msg, "details": {"field": field}} if {
	workload.brings_new_pod(input.review)
	some entry in workload.containers(input.review.object)
	entry.container.securityContext.windowsOptions.hostProcess == true
	field := sprintf("%s.securityContext.windowsOptions.hostProcess", [entry.field])
	msg := sprintf("container %q is a host process (%s): remove it", [entry.name, field])
}

violation contains {"msg": msg, "details": {"field": field}} if {
	workload.brings_new_pod(input.review)
	object := input.review.object
	workload.pod(object).spec.securityContext.windowsOptions.hostProcess == true
	field := sprintf("%s.securityContext.windowsOptions.hostProcess", [workload.spec_path(object)])
	msg := sprintf("the Pod's containers are host processes (%s): remove it", [field])
}
