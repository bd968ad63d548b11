# METADATA
# title: Required labels
# description: Labels by which people and tools find out what a workload belongs to.
# custom:
#   kind: SealwardRequiredLabels
#   match:
#     kinds:
#       - apiGroups: [""]
#         kinds: [Pod, ReplicationController]
#       - apiGroups: [apps]
#         kinds: [Deployment, StatefulSet, DaemonSet, ReplicaSet]
#       - apiGroups: [batch]
#         kinds: [Job, CronJob]
#     excludedNamespaces: [kube-system]
#   schema:
#     type: object
#     properties:
#       labels:
#         description: Labels that a workload and its Pods need.
#         type: array
#         items:
#           type: object
#           required: [key]
#           properties:
#             key:
#               type: string
#               minLength: 1
#             allowedRegex:
#               description: What the value must match.
#               type: string
#   parameters:
#     labels:
#       - key: app.kubernetes.io/name
package metadata.required_labels

import data.lib.workload

violation contains {"msg": msg, "details": {"field": place.field, "label": required.key}} if {
	checked
	some place in places(input.review.object)
	some required in input.parameters.labels
	not place.labels[required.key]
	msg := sprintf("label %q is missing: set it in %s", [required.key, place.field])
}

violation contains {"msg": msg, "details": {"field": place.field, "label": required.key}} if {
	checked
	some place in places(input.review.object)
	some required in input.parameters.labels
	value := place.labels[required.key]
	not regex.match(required.allowedRegex, value)
	msg := sprintf("label %q in %s is %q, which does not match %s", [required.key, place.field, value, required.allowedRegex])
}

checked if {
	not workload.leaving(input.review)
	not unchanged
}

unchanged if {
	input.review.operation == "UPDATE"
	places(input.review.object) == places(input.review.oldObject)
}

# The labels of the object, of the Jobs it makes and of the Pods it makes: each is admitted by itself.
places(object) := array.concat(own, array.concat(jobs, pods)) if {
	own := [{"field": "metadata.labels", "labels": own_labels(object)}]
	jobs := [{"field": "spec.jobTemplate.metadata.labels", "labels": labels(object.spec.jobTemplate)} |
		object.kind == "CronJob"
	]
	pods := [{"field": field, "labels": labels(workload.pod(object))} |
		object.kind != "Pod"
		field := replace(workload.spec_path(object), "template.spec", "template.metadata.labels")
	]
}

# The API server gives a Job or ReplicationController without labels those of its template.
own_labels(object) := labels(template) if {
	object.kind in {"Job", "ReplicationController"}
	labels(object) == {}
	template := object.spec.template
} else := labels(object)

labels(thing) := object.get(thing, ["metadata", "labels"], {})
