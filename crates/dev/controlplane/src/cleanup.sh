# Removes what a run left: its processes, its interface, its cgroups and its folder.
# usage: sh -c cleanup.sh sealward-cleanup FOLDER [wait]
# With "wait" it first waits for its stdin to be closed, which happens when the owner ends in whatever way.
folder=$1
if [ "$2" = wait ]; then read -r _; fi
# One at a time: what the other has cleaned is gone by then.
if [ -f "$folder/owner" ]; then
  { exec 9<"$folder/owner"; } 2>/dev/null
  flock 9
fi
[ -d "$folder" ] || exit 0

# running PID STARTED: whether that very process (not a later one of the same number) still runs.
running() {
  fields=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- "$2" $fields
  [ "$2" != Z ] && [ "${21}" = "$1" ]
}

any_running() {
  while read -r pid started _; do running "$pid" "$started" && return 0; done <"$folder/processes"
  return 1
}

# retry COMMAND: for up to ten seconds, until it succeeds.
retry() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -ge 100 ] && return 1
    sleep 0.1
  done
}

no_cgroup() {
  for path in "/sys/fs/cgroup/$1" /sys/fs/cgroup/*/"$1"; do
    [ -d "$path" ] || continue
    find "$path" -depth -type d -exec rmdir {} \; 2>/dev/null
    [ -d "$path" ] && return 1
  done
  return 0
}

# The kernel takes an interface away some time after the last process of the namespace at its other end.
no_interface() { [ ! -e "/sys/class/net/$1" ] || ip link delete "$1" 2>/dev/null; }

if [ -f "$folder/processes" ]; then
  while read -r pid started _; do
    running "$pid" "$started" && kill -KILL "$pid" 2>/dev/null
  done <"$folder/processes"
  none_running() { ! any_running; }
  retry none_running
fi
if [ -f "$folder/interface" ]; then retry no_interface "$(cat "$folder/interface")"; fi
if [ -f "$folder/cgroup" ]; then retry no_cgroup "$(cat "$folder/cgroup")"; fi
no_folder() { rm -rf -- "$folder" 2>/dev/null && [ ! -e "$folder" ]; }
retry no_folder
