package workload.resource_limits_test

import data.workload.resource_limits

review(object) := {"operation": "CREATE", "object": object, "oldObject": null}

parameters := {"limits": ["memory"], "requests": ["cpu", "memory"]}

fields(spec) := {violation.details.field | some violation in found} if {
	object := {"kind": "Pod", "spec": spec}
	found := resource_limits.violation with input as {"review": review(object), "parameters": parameters}
}

container(resources) := {"containers": [{"name": "app", "resources": resources}]}

test_all_set_is_allowed if {
	resources := {"limits": {"memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}
	fields(container(resources)) == set()
}

test_a_limit_is_a_request if {
	fields(container({"limits": {"cpu": "1", "memory": "1Gi"}})) == set()
}

test_nothing_set_names_every_field if {
	fields({"containers": [{"name": "app"}]}) == {
		"spec.containers[0].resources.limits.memory",
		"spec.containers[0].resources.requests.cpu",
		"spec.containers[0].resources.requests.memory",
	}
}

test_resources_of_the_pod_count if {
	resources := {"limits": {"memory": "1Gi"}, "requests": {"cpu": "1"}}
	fields({"containers": [{"name": "app"}], "resources": resources}) == set()
}

test_ephemeral_containers_cannot_have_any if {
	fields({"ephemeralContainers": [{"name": "debug"}]}) == set()
}

test_a_quantity_of_nothing_is_none if {
	every nothing in [0, "0", "0Mi", "0.0", "0e3", "00"] {
		fields(container({"limits": {"memory": nothing}, "requests": {"cpu": "1", "memory": "1Gi"}})) == {"spec.containers[0].resources.limits.memory"}
	}
}

test_small_and_round_quantities_count if {
	every some_ in [1, 0.5, "10Mi", "0.5Gi", "100", "1e3", "20M"] {
		fields(container({"limits": {"memory": some_}, "requests": {"cpu": "10m", "memory": some_}})) == set()
	}
}

test_a_request_of_nothing_stays_one if {
	fields(container({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "0"}})) == {"spec.containers[0].resources.requests.cpu"}
}

test_nothing_for_the_whole_pod_is_none if {
	spec := object.union(container({"requests": {"cpu": "1", "memory": "1Gi"}}), {"resources": {"limits": {"memory": "0"}}})
	fields(spec) == {"spec.containers[0].resources.limits.memory"}
}

test_a_container_without_a_name_is_denied_too if {
	count(fields({"containers": [{"image": "x"}]})) == 3
}
