package workload.host_namespaces_test

import data.workload.host_namespaces

review(object) := {"operation": "CREATE", "object": object, "oldObject": null}

test_each_is_denied if {
	every name in ["hostNetwork", "hostPID", "hostIPC"] {
		found := host_namespaces.violation with input as {"review": review({"kind": "Pod", "spec": {name: true}})}
		{violation.details.field | some violation in found} == {sprintf("spec.%s", [name])}
	}
}

test_false_and_absent_are_allowed if {
	found := host_namespaces.violation with input as {"review": review({"kind": "Pod", "spec": {"hostNetwork": false}})}
	count(found) == 0
}

test_a_deletion_is_allowed if {
	pod := {"kind": "Pod", "spec": {"hostPID": true}}
	found := host_namespaces.violation with input as {"review": {"operation": "DELETE", "object": pod, "oldObject": pod}}
	count(found) == 0
}
