package metadata.required_labels_test

import data.metadata.required_labels

review(object) := {"operation": "CREATE", "object": object, "oldObject": null}

parameters := {"labels": [{"key": "app"}, {"key": "team", "allowedRegex": "^[a-z]+$"}]}

fields(review) := {[violation.details.field, violation.details.label] | some violation in found} if {
	found := required_labels.violation with input as {"review": review, "parameters": parameters}
}

good := {"app": "a", "team": "b"}

test_labels_in_place_are_allowed if {
	fields(review({"kind": "Pod", "metadata": {"labels": good}})) == set()
}

test_missing_labels_are_denied if {
	fields(review({"kind": "Pod", "metadata": {"labels": {"app": "a"}}})) == {["metadata.labels", "team"]}
	fields(review({"kind": "Pod", "metadata": {}})) == {["metadata.labels", "app"], ["metadata.labels", "team"]}
}

test_values_must_match if {
	object := {"kind": "Pod", "metadata": {"labels": {"app": "a", "team": "B1"}}}
	fields(review(object)) == {["metadata.labels", "team"]}
}

test_templates_are_checked if {
	deployment := {"kind": "Deployment", "metadata": {"labels": good}, "spec": {"template": {"spec": {}}}}
	fields(review(deployment)) == {
		["spec.template.metadata.labels", "app"],
		["spec.template.metadata.labels", "team"],
	}
}

test_a_job_without_labels_gets_those_of_its_template if {
	template := {"metadata": {"labels": good}, "spec": {}}
	fields(review({"kind": "Job", "metadata": {}, "spec": {"template": template}})) == set()
	some_labels := {"labels": {"app": "a"}}
	fields(review({"kind": "Job", "metadata": some_labels, "spec": {"template": template}})) == {["metadata.labels", "team"]}
}

test_a_replication_controller_without_a_template_is_denied if {
	object := {"kind": "ReplicationController", "metadata": {}, "spec": {"replicas": 0}}
	["metadata.labels", "app"] in fields(review(object))
}

test_the_jobs_of_a_cronjob_are_checked if {
	template := {"metadata": {"labels": good}, "spec": {}}
	job := {"spec": {"template": template}}
	cronjob := {"kind": "CronJob", "metadata": {"labels": good}, "spec": {"jobTemplate": job}}
	fields(review(cronjob)) == {
		["spec.jobTemplate.metadata.labels", "app"],
		["spec.jobTemplate.metadata.labels", "team"],
	}
}

test_an_update_that_keeps_the_labels_is_allowed if {
	object := {"kind": "Pod", "metadata": {"labels": {}}}
	fields({"operation": "UPDATE", "object": object, "oldObject": object}) == set()
}

test_taking_a_label_off_is_denied if {
	old := {"kind": "Pod", "metadata": {"labels": good}}
	object := {"kind": "Pod", "metadata": {"labels": {"app": "a"}}}
	fields({"operation": "UPDATE", "object": object, "oldObject": old}) == {["metadata.labels", "team"]}
}
