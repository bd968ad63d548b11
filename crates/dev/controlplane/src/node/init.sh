# Prepares the node's namespaces and stays as their first process.
# usage: sh -c init.sh sealward-node CGROUP READY PAUSE
set -e

# What containerd, the CNI plugins and the kubelet write outside of their own folders lands in memory that
# goes away with this mount namespace.
for path in /run /var/log /var/lib; do mount -t tmpfs -o mode=755 node "$path"; done
mkdir -p /run/netns /var/lib/cni /var/log/pods

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward

# A cgroup of its own in every hierarchy; version 2 has but one.
for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if [ "$root" = /sys/fs/cgroup ]; then [ -f "$root/cgroup.controllers" ] || continue; fi
  if [ -L "$root" ] || [ ! -f "$root/cgroup.procs" ]; then continue; fi
  mkdir -p "$root/$1/node"
  for limit in cpuset.cpus cpuset.mems; do # version 1 takes no process into a cpuset without them
    [ -f "$root/cgroup.clone_children" ] && [ -f "$root/$limit" ] || continue
    cat "$root/$limit" >"$root/$1/$limit"
    cat "$root/$limit" >"$root/$1/node/$limit"
  done
  echo 0 >"$root/$1/cgroup.procs"
  [ "$root" = /sys/fs/cgroup ] && break
done

# Inside a cgroup namespace that cgroup is the root, so that whatever absolute path a runtime chooses lies
# below it. The process moves on to a leaf: version 2 gives no controllers to the children of a cgroup that
# holds processes.
# shellcheck disable=SC2016
exec unshare --cgroup -- sh -c '
  set -e
  for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -L "$root" ] || [ ! -d "$root/$1" ]; then continue; fi
    mount --bind "$root/$1" "$root"
    echo 0 >"$root/node/cgroup.procs"
  done
  : >"$2"
  exec "$3"
' sealward-node "$@"
