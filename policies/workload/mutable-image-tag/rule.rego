# METADATA
# title: No mutable image tags
# description: An image without a version can be another one after each restart, and cannot be rolled back.
# custom:
#   kind: SealwardMutableImageTag
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
#       mutableTags:
#         description: Tags that are known to move.
#         type: array
#         items:
#           type: string
#       requireDigest:
#         description: Whether every image must be named by its digest.
#         type: boolean
#         default: false
#   parameters:
#     mutableTags: [latest, main, master, develop, edge, nightly, canary, head, snapshot, stable]
package workload.mutable_image_tag

import data.lib.workload

violation contains {"msg": msg, "details": {"field": field, "image": image}} if {
	workload.brings_new_pod(input.review)
	some [field, image] in images
	some fault in faults(image)
	msg := sprintf("image %q %s (%s)", [image, fault, field])
}

images contains [field, entry.container.image] if {
	some entry in workload.containers(input.review.object)
	field := sprintf("%s.image", [entry.field])
}

images contains [field, volume.image.reference] if {
	object := input.review.object
	some index, volume in workload.pod(object).spec.volumes
	field := sprintf("%s.volumes[%d].image.reference", [workload.spec_path(object), index])
}

faults(image) := set() if has_digest(image)

faults(image) := {"is not named by a digest: append @sha256:… of what was tested"} if {
	not has_digest(image)
	requires_digest
}

faults(image) := {"has no tag, which means latest: name a version"} if {
	not has_digest(image)
	not requires_digest
	tag(image) == ""
}

faults(image) := {sprintf("has the tag %q, which moves: name a version", [tag(image)])} if {
	not has_digest(image)
	not requires_digest
	tag(image) in input.parameters.mutableTags
}

faults(image) := {"is no name of an image that can be read"} if {
	not has_digest(image)
	not requires_digest
	not has_one_tag(image)
}

requires_digest if input.parameters.requireDigest == true

has_digest(image) if regex.match(`@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`, image)

has_one_tag(image) if is_string(tag(image))

# What stands behind the colon of the last part; a colon before it belongs to the registry's port.
tag(image) := text if {
	parts := split(image, "/")
	last := parts[count(parts) - 1]
	[_, text] := split(split(last, "@")[0], ":")
}

tag(image) := "" if {
	parts := split(image, "/")
	not contains(split(parts[count(parts) - 1], "@")[0], ":")
}
