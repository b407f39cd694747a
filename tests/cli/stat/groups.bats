# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat -u --by COL: sums by a column.

load ../common

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p 0600 | tr -dc 0-9)
}

# sums COL [OPTION...]: the groups, columns with tabs between.
sums() {
	shmtool stat -u --by "$1" --tsv --no-heading "${@:2}"
}

@test "groups: by owner, the largest first" {
	needs_root
	make_segment 8192
	make_segment 4096
	shmtool set -u daemon "$id"
	make_segment 65536
	shmtool set -u daemon "$id"
	hold "$id"
	shmtool write -s x "$id"
	run shmtool stat -u --by OWNER --tsv
	[ "${lines[0]}" = $'OWNER\tCOUNT\tUNATTACHED\tSTALE\tSIZE\tRSS\tSWAP' ]
	[ "${lines[1]}" = $'daemon\t2\t1\t0\t69632\t4096\t0' ]
	[ "${lines[2]}" = $'root\t1\t1\t0\t8192\t0\t0' ]
	[ "${#lines[@]}" -eq 3 ]
	[ "$(sums owner --sort COUNT | cut -f1 | xargs)" = "root daemon" ]
	[ "$(sums owner --reverse | cut -f1 | xargs)" = "root daemon" ]
	[ "$(sums OWNER -o SIZE,OWNER | head -n 1)" = $'69632\tdaemon' ]
	[ "$(sums OWNER --unattached)" = \
		$'root\t1\t1\t0\t8192\t0\t0\ndaemon\t1\t1\t0\t4096\t0\t0' ]
	[ "$(sums OWNER "$id")" = $'daemon\t1\t0\t0\t65536\t4096\t0' ]
	[ "$(sums CREATOR | cut -f1-2)" = $'root\t3' ]
	[ "$(sums CGROUP | cut -f1-2)" = $'root\t3' ]
	[ "$(sums KIND | cut -f1-2)" = $'sysv\t3' ]
	run shmtool stat -u --by OWNER
	[[ ${lines[1]} == *" 68K "* ]]
}

@test "groups: by command, those of several commands once" {
	make_segment 4096
	make_segment 8192
	NAME=alone hold "$id"
	NAME=alone hold "$id"
	make_segment 16384
	NAME=first hold "$id"
	NAME=second hold "$id"
	[ "$(sums COMMAND | cut -f1,2,5)" = \
		$'shared\t1\t16384\nalone\t1\t8192\n-\t1\t4096' ]
	run shmtool stat -u --by COMMAND --json
	[[ $output == '{"complete": true, "groups": [{"command": "shared", "count": 1, '* ]]
	[[ $output == *'{"command": null, "count": 1, "unattached": 1, "stale": 0, "size": 4096, "rss": 0, "swap": 0}]}' ]]
}

@test "groups: by the creator's command, running and exited" {
	make_segment 4096
	make_segment 4096
	perl -e '$0 = "maker"; shmget(0, 65536, 0600) // die; sleep 1 while 1' \
		3>&- &
	holders+=("$!")
	wait_for eval '[ "$(sums CCOMMAND | cut -f1-2 | xargs)" = \
		"maker 1 (gone) 2" ]'
	shmtool stat -u --by CCOMMAND --json --sort COUNT |
		grep -q '"groups": \[{"ccommand": "maker", "ccommand_life": "alive", "count": 1.*{"ccommand": null, "ccommand_life": "gone", "count": 2'
}

@test "groups: by status words, which overlap" {
	make_later
	make_segment 4096
	hold "$id"
	shmtool set --lock "$id" 2>/dev/null || skip "may not lock"
	ipcrm -m "$id"
	make_segment 8192
	[ "$(sums STATUS | cut -f1,2,5 | sort)" = \
		$'-\t1\t8192\ndest\t1\t4096\nlocked\t1\t4096' ]
	[ "$(later shmtool stat -u --by status --tsv --no-heading |
		cut -f1,2,4 | sort | xargs)" = "dest 1 0 locked 1 0 stale 1 1" ]
}

@test "groups: without segments a heading alone" {
	run --separate-stderr shmtool stat -u --by OWNER
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "$(shmtool stat -u --by OWNER --json)" = \
		'{"complete": true, "groups": []}' ]
}

@test "groups: many of them, each once" {
	needs_root
	local owner
	perl -e 'shmget(0, 4096, 0600) // die $! for 1 .. 100'
	owner=1000
	while read -r id; do
		shmtool set -u "$((owner++ % 50 + 5000))" "$id"
	done < <(shmtool stat --tsv --no-heading -o ID)
	[ "$(sums OWNER | wc -l)" -eq 50 ]
	[ "$(sums OWNER -o COUNT | sort -u)" = 2 ]
}

@test "groups: a wrong command line is 2, with the reason" {
	local line
	for line in "--by OWNER" "-t --by OWNER" "-P --by OWNER" "-u --by" \
		"-u --by SIZE" "-u --by OWNER,KEY" "-u --by OWNER -o KEY" \
		"-u --by OWNER --sort LARGEST" "-w --by OWNER"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool stat $line
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		[ -z "$output" ]
		message_has "shmtool: stat: --"
	done
	run --separate-stderr shmtool stat -u --by SIZE
	message_has "--by: SIZE: not OWNER, CREATOR, CCOMMAND, COMMAND,"
}

@test "groups: by kind, and POSIX objects by owner and status" {
	needs_own_shm
	make_segment 4096
	head -c 8192 /dev/zero >/dev/shm/one
	head -c 8192 /dev/zero >/dev/shm/two
	[ "$(sums KIND --kind sysv,posix | cut -f1,2,5)" = \
		$'posix\t2\t16384\nsysv\t1\t4096' ]
	[ "$(sums OWNER --kind posix | cut -f1,2,5)" = \
		"$(id -un)"$'\t2\t16384' ]
	[ "$(sums CREATOR --kind posix | cut -f1,2)" = $'-\t2' ]
	# One of them is open.
	exec 5</dev/shm/one
	[ "$(sums KIND --kind posix | cut -f2,3)" = $'2\t1' ]
	exec 5<&-
	rm /dev/shm/one /dev/shm/two
}

@test "groups: the memory of an object with two names counts once" {
	needs_own_shm
	clear_shm
	shmtool create -s 1M /two
	ln /dev/shm/two /dev/shm/names
	[ "$(sums KIND --kind posix | cut -f 2,5,6)" = \
		$'2\t2097152\t1048576' ]
	run shmtool stat -u --kind posix --tsv --no-heading -o RSS
	[ "$output" = 1048576 ]
	clear_shm
}
