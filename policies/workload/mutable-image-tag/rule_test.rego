package workload.mutable_image_tag_test

import data.workload.mutable_image_tag

review(object) := {"operation": "CREATE", "object": object, "oldObject": null}

pod(image) := {"kind": "Pod", "spec": {"containers": [{"name": "app", "image": image}]}}

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

violations(image, digests) := found if {
	parameters := {"mutableTags": ["latest", "main"], "requireDigest": digests}
	found := mutable_image_tag.violation with input as {"review": review(pod(image)), "parameters": parameters}
}

test_versions_and_digests_are_allowed if {
	images := [
		"nginx:1.29.3",
		"registry.example.com:5000/a/b:v1",
		sprintf("nginx@%s", [digest]),
		sprintf("registry.example.com:5000/nginx:latest@%s", [digest]),
	]
	every image in images {
		count(violations(image, false)) == 0
	}
}

test_what_moves_is_denied if {
	every image in ["nginx", "nginx:latest", "registry.example.com:5000/a/b", "a/b:main", "nginx:1:2"] {
		count(violations(image, false)) == 1
	}
}

test_the_fault_is_told if {
	some violation in violations("nginx", false)
	violation.msg == "image \"nginx\" has no tag, which means latest: name a version (spec.containers[0].image)"
}

test_a_digest_can_be_required if {
	count(violations("nginx:1.29.3", true)) == 1
	count(violations(sprintf("nginx@%s", [digest]), true)) == 0
}

test_image_volumes_count if {
	object := {"kind": "Pod", "spec": {"volumes": [{"name": "x", "image": {"reference": "a/b:latest"}}]}}
	parameters := {"mutableTags": ["latest"]}
	found := mutable_image_tag.violation with input as {"review": review(object), "parameters": parameters}
	{violation.details.field | some violation in found} == {"spec.volumes[0].image.reference"}
}
