# METADATA
# title: No host paths
# description: A hostPath volume lets a Pod read or change its node's files.
# custom:
#   kind: SealwardHostPath
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
#       allowedPaths:
#         description: Folders of the node that may be mounted, with all below them.
#         type: array
#         items:
#           type: string
#           pattern: ^/
#   parameters:
#     allowedPaths: []
package workload.host_path

import data.lib.workload

violation contains {"msg": msg, "details": {"field": field}} if {
	workload.brings_new_pod(input.review)
	reviewed := input.review.object
	some index, volume in workload.pod(reviewed).spec.volumes
	path := volume.hostPath.path
	not allowed(path)
	field := sprintf("%s.volumes[%d].hostPath", [workload.spec_path(reviewed), index])
	msg := sprintf("volume %q mounts %s of its node (%s): use a volume that is not the node's", [object.get(volume, "name", ""), path, field])
}

allowed(path) if {
	not ".." in split(path, "/")
	some folder in input.parameters.allowedPaths
	startswith(sprintf("%s/", [trim_suffix(path, "/")]), sprintf("%s/", [trim_suffix(folder, "/")]))
}
