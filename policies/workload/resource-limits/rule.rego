# METADATA
# title: Resource limits
# description: A container without a memory limit can starve its node; one without requests is placed blindly.
# custom:
#   kind: SealwardResourceLimits
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
#       limits:
#         description: Resources that need a limit.
#         type: array
#         items:
#           type: string
#       requests:
#         description: Resources that need a request; a limit counts as one.
#         type: array
#         items:
#           type: string
#   parameters:
#     limits: [memory]
#     requests: [cpu, memory]
package workload.resource_limits

import data.lib.workload

violation contains {"msg": msg, "details": {"field": field}} if {
	some entry in checked
	some resource in input.parameters.limits
	not given(entry.container, "limits", resource)
	not given(pod_spec, "limits", resource)
	field := sprintf("%s.resources.limits.%s", [entry.field, resource])
	msg := sprintf("container %q has no %s limit: set %s", [entry.name, resource, field])
}

violation contains {"msg": msg, "details": {"field": field}} if {
	some entry in checked
	some resource in input.parameters.requests
	not given(entry.container, "requests", resource)
	not given(pod_spec, "requests", resource)
	field := sprintf("%s.resources.requests.%s", [entry.field, resource])
	msg := sprintf("container %q has no %s request: set %s", [entry.name, resource, field])
}

# Ephemeral containers cannot have resources.
checked contains entry if {
	workload.brings_new_pod(input.review)
	some entry in workload.containers(input.review.object)
	not contains(entry.field, ".ephemeralContainers[")
}

# It may say how much for the Pod as a whole.
pod_spec := workload.pod(input.review.object).spec

given(owner, section, resource) if more_than_nothing(owner.resources[section][resource])

# The API server makes a limit the request that is missing.
given(owner, "requests", resource) if {
	not owner.resources.requests[resource]
	more_than_nothing(owner.resources.limits[resource])
}

# A limit of 0 is none to Kubernetes: 0, "0Mi", "0.0", "0e3".
more_than_nothing(quantity) if {
	not regex.match(`^[+-]?0*[.]?0*([eE][+-]?[0-9]+|[A-Za-z]*)$`, sprintf("%v", [quantity]))
}
