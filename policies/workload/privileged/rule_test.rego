package workload.privileged_test

import data.workload.privileged

review(object) := {"operation": "CREATE", "object": object, "oldObject": null}

deployment(container) := {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [container]}}}}

test_privileged_is_denied if {
	object := deployment({"name": "app", "securityContext": {"privileged": true}})
	found := privileged.violation with input as {"review": review(object)}
	{violation.details.field | some violation in found} == {"spec.template.spec.containers[0].securityContext.privileged"}
}

test_plain_is_allowed if {
	found := privileged.violation with input as {"review": review(deployment({"name": "app"}))}
	count(found) == 0
}

test_false_is_allowed if {
	object := deployment({"name": "app", "securityContext": {"privileged": false}})
	found := privileged.violation with input as {"review": review(object)}
	count(found) == 0
}

test_init_and_ephemeral_containers_count if {
	container := {"name": "x", "securityContext": {"privileged": true}}
	pod := {"kind": "Pod", "spec": {"initContainers": [container], "ephemeralContainers": [container]}}
	found := privileged.violation with input as {"review": review(pod)}
	count(found) == 2
}

test_host_processes_are_denied if {
	options := {"windowsOptions": {"hostProcess": true}}
	pod := {"kind": "Pod", "spec": {"securityContext": options, "containers": [{"name": "x", "securityContext": options}]}}
	found := privileged.violation with input as {"review": review(pod)}
	count(found) == 2
}

test_what_was_there_before_is_left_alone if {
	object := deployment({"name": "app", "securityContext": {"privileged": true}})
	update := {"operation": "UPDATE", "object": object, "oldObject": object}
	found := privileged.violation with input as {"review": update}
	count(found) == 0
}

test_becoming_privileged_is_denied if {
	object := deployment({"name": "app", "securityContext": {"privileged": true}})
	update := {"operation": "UPDATE", "object": object, "oldObject": deployment({"name": "app"})}
	found := privileged.violation with input as {"review": update}
	count(found) == 1
}

test_a_container_without_a_name_is_denied_too if {
	object := deployment({"securityContext": {"privileged": true, "windowsOptions": {"hostProcess": true}}})
	found := privileged.violation with input as {"review": review(object)}
	count(found) == 2
}
