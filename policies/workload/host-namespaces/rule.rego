# METADATA
# title: No host namespaces
# description: A Pod in the node's network, process or IPC namespace sees and reaches what other Pods do.
# custom:
#   kind: SealwardHostNamespace
#   match:
#     kinds:
#       - apiGroups: [""]
#         kinds: [Pod, ReplicationController]
#       - apiGroups: [apps]
#         kinds: [Deployment, StatefulSet, DaemonSet, ReplicaSet]
#       - apiGroups: [batch]
#         kinds: [Job, CronJob]
#     excludedNamespaces: [kube-system]
package workload.host_namespaces

import data.lib.workload

violation contains {"msg": msg, "details": {"field": field}} if {
	workload.brings_new_pod(input.review)
	object := input.review.object
	some name in ["hostNetwork", "hostPID", "hostIPC"]
	workload.pod(object).spec[name] == true
	field := sprintf("%s.%s", [workload.spec_path(object), name])
	msg := sprintf("the Pod shares a namespace of its node (%s): remove it", [field])
}
