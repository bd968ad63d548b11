package workload.host_path_test

import data.workload.host_path

review(object) := {"operation": "CREATE", "object": object, "oldObject": null}

pod(path) := {"kind": "Pod", "spec": {"volumes": [{"name": "x", "emptyDir": {}}, {"name": "y", "hostPath": {"path": path}}]}}

violations(path, allowed) := found if {
	parameters := {"allowedPaths": allowed}
	found := host_path.violation with input as {"review": review(pod(path)), "parameters": parameters}
}

test_a_host_path_is_denied if {
	found := violations("/etc", [])
	{violation.details.field | some violation in found} == {"spec.volumes[1].hostPath"}
}

test_without_parameters_it_is_denied if {
	found := host_path.violation with input as {"review": review(pod("/etc")), "parameters": {}}
	count(found) == 1
}

test_an_allowed_folder_and_what_is_below if {
	every path in ["/var/log", "/var/log/", "/var/log/pods"] {
		count(violations(path, ["/var/log"])) == 0
	}
}

test_a_longer_name_is_another_folder if {
	count(violations("/var/logs", ["/var/log"])) == 1
}

test_climbing_out_is_denied if {
	count(violations("/var/log/../../etc", ["/var/log"])) == 1
}

test_other_volumes_are_allowed if {
	object := {"kind": "Pod", "spec": {"volumes": [{"name": "x", "configMap": {"name": "y"}}]}}
	found := host_path.violation with input as {"review": review(object), "parameters": {"allowedPaths": []}}
	count(found) == 0
}

test_a_volume_without_a_name_is_denied_too if {
	object := {"kind": "Pod", "spec": {"volumes": [{"hostPath": {"path": "/etc"}}]}}
	found := host_path.violation with input as {"review": review(object), "parameters": {}}
	count(found) == 1
}
