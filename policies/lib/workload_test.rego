package lib.workload_test

import data.lib.workload

spec := {"containers": [{"name": "app"}], "initContainers": [{"name": "init"}]}

kinds := {
	"Pod": {"kind": "Pod", "spec": spec},
	"Deployment": {"kind": "Deployment", "spec": {"template": {"spec": spec}}},
	"StatefulSet": {"kind": "StatefulSet", "spec": {"template": {"spec": spec}}},
	"DaemonSet": {"kind": "DaemonSet", "spec": {"template": {"spec": spec}}},
	"ReplicaSet": {"kind": "ReplicaSet", "spec": {"template": {"spec": spec}}},
	"ReplicationController": {"kind": "ReplicationController", "spec": {"template": {"spec": spec}}},
	"Job": {"kind": "Job", "spec": {"template": {"spec": spec}}},
	"CronJob": {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}},
}

test_every_kind_has_its_pod if {
	every object in kinds {
		workload.pod(object).spec == spec
	}
}

test_other_kinds_have_none if {
	not workload.pod({"kind": "Service", "spec": {"template": {"spec": spec}}})
}

test_containers_of_all_lists if {
	pod := {"kind": "Pod", "spec": object.union(spec, {"ephemeralContainers": [{"name": "debug"}]})}
	names := [entry.container.name | some entry in workload.containers(pod)]
	names == ["init", "app", "debug"]
}

test_fields_are_named if {
	fields := [entry.field | some entry in workload.containers(kinds.CronJob)]
	fields == [
		"spec.jobTemplate.spec.template.spec.initContainers[0]",
		"spec.jobTemplate.spec.template.spec.containers[0]",
	]
}

test_creation_is_new if {
	workload.brings_new_pod({"operation": "CREATE", "object": kinds.Pod, "oldObject": null})
}

test_update_of_the_pod_is_new if {
	old := {"kind": "Pod", "spec": {"containers": []}}
	workload.brings_new_pod({"operation": "UPDATE", "object": kinds.Pod, "oldObject": old})
}

test_update_of_something_else_is_not_new if {
	old := object.union(kinds.Deployment, {"metadata": {"labels": {"a": "b"}}})
	not workload.brings_new_pod({"operation": "UPDATE", "object": kinds.Deployment, "oldObject": old})
}

test_deletion_is_not_new if {
	not workload.brings_new_pod({"operation": "DELETE", "object": kinds.Pod, "oldObject": kinds.Pod})
}

test_taking_off_a_finalizer_is_not_new if {
	leaving := object.union(kinds.Pod, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
	not workload.brings_new_pod({"operation": "UPDATE", "object": leaving, "oldObject": {"kind": "Pod", "spec": {}}})
}

test_a_deletion_timestamp_in_a_creation_is_no_way_out if {
	object_ := object.union(kinds.Pod, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
	workload.brings_new_pod({"operation": "CREATE", "object": object_, "oldObject": null})
}
