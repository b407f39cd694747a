# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031
#
# A real server: its segment while it runs, after it was killed, and removed.

load common

# The server does not run as root, and cannot change its user where only one
# is mapped.
setup() {
	local programs=(/usr/lib/postgresql/*/bin)
	bin=${programs[-1]}
	[ -x "$bin/initdb" ] || skip "PostgreSQL is not installed"
	if [ "$(id -u)" -eq 0 ]; then
		needs_root "PostgreSQL refuses to run as root"
		id postgres >/dev/null 2>&1 || skip "there is no user postgres"
		as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
		owner=postgres
	else
		as=()
		owner=$(id -un)
	fi
	# Short: a socket's path has 108 bytes at most.
	base=$(mktemp -d /tmp/shmtool-pg.XXXXXX)
	[ "$(id -u)" -ne 0 ] || chown postgres "$base"
	cd "$base" || return 1
	"${as[@]}" "$bin/initdb" -D "$base/data" -A trust -N >/dev/null
}

test_teardown() {
	[ -n "${base:-}" ] || return 0
	cd /
	local pid
	for pid in $(server_processes); do kill -9 "$pid" || true; done
	rm -rf "$base"
}

# The server and its children; empty when it does not run.
server_processes() {
	local pid
	pid=$(head -n 1 "$base/data/postmaster.pid" 2>/dev/null) || return 0
	[ -d "/proc/$pid" ] || return 0
	echo "$pid"
	pgrep -P "$pid" || true
}

# Killed, it would leave files in /dev/shm; so they are with its data.
start_server() {
	"${as[@]}" "$bin/pg_ctl" -D "$base/data" -w -t 60 -l "$base/log" \
		-o "-k $base -c listen_addresses='' \
			-c autovacuum=off \
			-c dynamic_shared_memory_type=mmap" start >/dev/null 3>&- || {
		cat "$base/log"
		return 1
	}
}

ask_server() {
	"${as[@]}" "$bin/psql" -h "$base" -d postgres -Atc "$1"
}

all_dead() {
	local pid
	for pid in $killed; do
		[ ! -d "/proc/$pid" ] || grep -q '^State:.*Z' \
			"/proc/$pid/status" || return 1
	done
}

@test "postgresql: seen, refused, killed, stale, removed, started again" {
	start_server
	[ "$(segments)" -eq 1 ]
	id=$(ipcs -m | awk '/^0x/ { print $2 }')
	postmaster=$(head -n 1 "$base/data/postmaster.pid")

	run shmtool stat "$id"
	[ "$status" -eq 0 ]
	[[ $output == *"$owner"* ]]
	run shmtool stat -P --tsv --no-heading
	[ "$status" -eq 0 ]
	[[ $output == *"	$postmaster	"*postgres* ]]
	[ "${#lines[@]}" -ge 3 ]

	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: attached by" "$postmaster (postgres)"
	run --separate-stderr shmtool rm --stale --idle 0 --yes
	[ "$status" -eq 0 ]
	run --separate-stderr shmtool rm --all --yes
	[ "$status" -eq 5 ]
	[ "$(ask_server 'select 6 * 7')" = 42 ]

	killed=$(server_processes)
	# shellcheck disable=SC2086
	kill -9 $killed
	wait_for all_dead
	[ "$(segments)" -eq 1 ]
	[ "$(of_id nattch "$id")" = 0 ]

	run --separate-stderr shmtool rm --stale --dry-run
	[[ ${lines[-1]} == "nothing to remove"* ]]
	wait_for is_stale
	[ "$(segments)" -eq 1 ]
	run --separate-stderr shmtool rm --stale --idle 0 --yes -v
	[ "$status" -eq 0 ]
	[[ $output == "removed $id "* ]]
	[ "$(segments)" -eq 0 ]

	# Where nobody buries orphans, a dead server looks alive to the next.
	[ ! -d "/proc/$postmaster" ] || rm "$base/data/postmaster.pid" \
		"$base"/.s.PGSQL.*.lock
	start_server
	[ "$(ask_server 'select 6 * 7')" = 42 ]
	[ "$(segments)" -eq 1 ]
	"${as[@]}" "$bin/pg_ctl" -D "$base/data" -m fast -w stop >/dev/null
	[ "$(segments)" -eq 0 ]
}

# What the kernel remembers of the uses of segments.
uses() {
	ipcs -m
	ipcs -m -p
	ipcs -m -t
}

@test "postgresql: stat names the server and its data directory, without a trace" {
	local before
	start_server
	id=$(ipcs -m | awk '/^0x/ { print $2 }')
	postmaster=$(head -n 1 "$base/data/postmaster.pid")
	before=$(uses)
	run --separate-stderr shmtool stat "$id"
	[ "$(grep '^postgresql' <<<"$output")" = \
		"postgresql    server $postmaster, data directory $base/data" ]
	[ "$(shmtool stat --json "$id" | jq -c '.segments[].postgresql')" = \
		"{\"pid\":$postmaster,\"data_directory\":\"$base/data\"}" ]
	# Its own user, who has no descriptor of the segment.
	"${as[@]}" "$(command -v shmtool)" stat "$id" |
		grep -q "^postgresql .* $base/data\$"
	[ "$(uses)" = "$before" ]

	killed=$(server_processes)
	# shellcheck disable=SC2086
	kill -9 $killed
	wait_for all_dead
	run shmtool stat "$id"
	[ "$status" -eq 0 ]
	[[ $output != *postgresql\ * ]]
	shmtool stat --json "$id" | grep -q '"postgresql": null'
}

# A server that crashed does not start while its old segment is attached.
@test "postgresql: starts after a crash while its old segment is read and saved" {
	needs_root "a descriptor of the segment takes a capability"
	local saver
	start_server
	id=$(ipcs -m | awk '/^0x/ { print $2 }')
	postmaster=$(head -n 1 "$base/data/postmaster.pid")
	killed=$(server_processes)
	# shellcheck disable=SC2086
	kill -9 $killed
	wait_for all_dead
	shmtool read -w -x "$id" >"$base/seen" 3>&- &
	holders+=("$!")
	wait_for test -s "$base/seen"
	mkdir "$base/saved"
	while sleep 0.1; do
		shmtool save -f "$base/saved" --all || true
	done >"$base/names" 2>&1 3>&- &
	saver=$!
	holders+=("$saver")
	wait_for test -s "$base/names"
	[ ! -d "/proc/$postmaster" ] || rm "$base/data/postmaster.pid" \
		"$base"/.s.PGSQL.*.lock
	start_server
	[ "$(ask_server 'select 6 * 7')" = 42 ]
	kill "$saver"
	wait "$saver" || true
	"${as[@]}" "$bin/pg_ctl" -D "$base/data" -m fast -w stop >/dev/null
}

is_stale() {
	shmtool rm --stale --idle 0 --dry-run | grep -q '^would remove 1 of 1,'
}

@test "postgresql: its shared buffers are one anonymous mapping" {
	needs_root "map_files"
	start_server
	local pid count
	pid=$(head -n 1 "$base/data/postmaster.pid")
	ask_server "create table t as select generate_series(1, 100000)" \
		>/dev/null
	shmtool stat --kind anon --pid "$pid" --tsv --no-heading \
		-o SIZE,RSS,NATTCH,PROCS,OWNER --sort SIZE --reverse \
		2>/dev/null >rows
	read -r size rss nattch count user <rows
	[ "$size" -ge $((128 << 20)) ]
	[ "$rss" -gt $((1 << 20)) ]
	[ "$rss" -lt "$size" ]
	[ "$count" -ge 5 ]
	[ "$nattch" -ge "$count" ]
	[ "$user" = "$owner" ]
	# One row, with each process of the server.
	shmtool stat -P --kind anon --pid "$pid" --tsv --no-heading -o PID \
		2>/dev/null | sort >users
	server_processes | sort | comm -23 - users >others
	[ ! -s others ]
}
