# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat on a terminal: its width, and colours.

load ../common
load ../unnamed

setup() {
	shopt -s extglob
	needs_terminal
	cd "$BATS_TEST_TMPDIR" || return 1
}

# at WIDTH COMMAND: runs a command line on a terminal so wide; what it shows is
# in the file screen, its lines in $lines.
at() {
	TERM=xterm script -qec "stty cols $1; ${*:2}" /dev/null </dev/null |
		tr -d '\r' >screen
	mapfile -t lines <screen
}

# No line of the last screen is wider than so many columns.
fits() {
	local line
	for line in "${lines[@]}"; do
		line=${line//$'\033['*([0-9])m/}
		[ "${#line}" -le "$1" ] || {
			echo "${#line} columns: $line"
			return 1
		}
	done
}

# note_fits BEGINNING COMMAND: there is a note that begins so, and all fits.
note_fits() {
	at 80 "$2"
	fits 80 || { echo "$2"; return 1; }
	grep -q "^shmtool: $1" screen || {
		echo "no note: $2"
		return 1
	}
}

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p 0600 | tr -dc 0-9)
}

# Users and groups with names of 32 characters, and a segment of theirs with an
# id of 10 digits; `named` runs a command line where they are known.
make_names() {
	needs_root
	[ -w /proc/sys/kernel/shm_next_id ] ||
		skip "shm_next_id is not writable here"
	user=a_user_with_a_name_of_32_letters
	group=a_group_with_a_name_of_32_chars_
	{
		cat /etc/passwd
		echo "$user:x:4242:4242::/:/bin/sh"
	} >passwd
	{
		cat /etc/group
		echo "$group:x:4242:"
	} >group
	id=$(shmtool create -s 1G --no-reserve --id 2147450881 -k 0x4d2)
	shmtool set -u 4242:4242 "$id"
	NAME=fifteen_letters hold "$id"
}

named() {
	echo "unshare --mount sh -c 'mount --bind passwd /etc/passwd &&
		mount --bind group /etc/group && exec $*'"
}

@test "terminal: 80 columns lose the least important ones, and name them" {
	make_names
	at 80 "$(named shmtool stat)"
	fits 80
	[[ ${lines[0]} =~ ^\ +ID\ \ OWNER\ +SIZE\ +NATTCH\ .*STATUS$ ]]
	[[ ${lines[1]} =~ ^2147450881\ +$user\ +1.0G\ +1 ]]
	[ "${lines[2]}" = "shmtool: stat: hidden: PERMS,CPID,RSS,KEY,IDLE" ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "terminal: every view fits 80 columns, and 200 show all" {
	make_names
	local view
	for view in '' -t -p -c -u -P; do
		at 80 "$(named shmtool stat "$view")"
		fits 80 || { echo "view $view"; return 1; }
		[[ ${lines[*]} == *2147450881* || $view == -u ]]
		at 200 "$(named shmtool stat "$view")"
		fits 200
		[[ ${lines[*]} != *"hidden: "* ]]
		at 80 "$(named shmtool stat --all-ns "$view")"
		fits 80 || { echo "view --all-ns $view"; return 1; }
	done
	for view in OWNER COMMAND CCOMMAND CGROUP STATUS KIND; do
		at 80 "$(named shmtool stat -u --by "$view")"
		fits 80
		[[ ${lines[*]} != *"hidden: "* ]]
	done
}

@test "terminal: long names of objects fit 80 columns in every view" {
	needs_own_shm
	make_names
	local name=object_of_32_characters_in_name_ view
	: >"/dev/shm/$name"
	chown 4242:4242 "/dev/shm/$name"
	hold_open "$name"
	# What has only a path in map_files.
	[ "$(uname -m)" != x86_64 ] || hold_unnamed mapped 65536
	for view in "/$name" \
		"--kind "{posix,sysv\,posix,all,"posix --all-ns"}" "{,-t,-p,-c,-P}
	do
		at 80 "$(named shmtool stat "$view")"
		fits 80 || { echo "view $view"; return 1; }
		[[ ${lines[*]} == *"/$name"* ]]
	done
	release
	at 200 "$(named shmtool stat --kind sysv,posix "2>/dev/null")"
	[[ ${lines[0]} == *OWNER*PERMS*FDS*IDLE* ]]
	mv "/dev/shm/$name" "/dev/shm/${name}and_11_more"
	at 80 "shmtool stat --kind sysv,posix 2>/dev/null"
	rm "/dev/shm/${name}and_11_more"
	fits 80
}

@test "terminal: the times of POSIX objects fit 80 columns" {
	needs_own_shm
	: >/dev/shm/org.chromium.Chromium.AbCdEf
	at 80 shmtool stat -t --kind posix
	rm /dev/shm/org.chromium.Chromium.AbCdEf
	fits 80
	[[ ${lines[0]} =~ ^ID\ +MTIME\ +CTIME$ ]]
	[ "${lines[2]}" = "shmtool: stat: hidden: IDLE,OWNER,BTIME,ATIME" ]
}

@test "terminal: nothing is lost in a pipe, with -o, as TSV or where it fits" {
	make_names
	local all="ID KEY OWNER PERMS SIZE RSS NATTCH IDLE CPID CCOMMAND STATUS"
	at 80 "$(named shmtool stat) | cat"
	[ "$(xargs <<<"${lines[0]}")" = "$all" ]
	[ "${#lines[@]}" -eq 2 ]
	at 80 "$(named shmtool stat -o +GROUP)"
	[ "$(xargs <<<"${lines[0]}")" = "$all GROUP" ]
	[[ ${lines[*]} != *"hidden: "* ]]
	at 20 shmtool stat -o OWNER,ID,SIZE,CTIME
	[ "$(xargs <<<"${lines[0]}")" = "OWNER ID SIZE CTIME" ]
	at 40 shmtool stat --tsv
	[ "$(xargs <<<"${lines[0]}")" = "$all" ]
	at 200 shmtool stat
	[ "$(xargs <<<"${lines[0]}")" = "$all" ]
}

@test "terminal: the column that it is sorted by stays" {
	make_segment
	at 60 shmtool stat --sort PERMS
	[[ ${lines[0]} == *PERMS* && ${lines[0]} != *CPID* ]]
	fits 79
}

@test "terminal: where no column may go, values are whole all the same" {
	make_names
	at 20 "$(named shmtool stat)"
	[ "$(xargs <<<"${lines[0]}")" = "ID SIZE STATUS" ]
	[ "$(xargs <<<"${lines[1]}")" = "2147450881 1.0G -" ]
}

@test "terminal: attachments in the details fit, too" {
	make_names
	at 80 "$(named shmtool stat "$id")"
	grep -q "^PID  *USER  *COMMAND " <(sed 's/^ *//' screen)
	at 60 "$(named shmtool stat "$id")"
	grep -q "^shmtool: stat: hidden: ADDRESS" screen
}

@test "terminal: the details of a segment fit" {
	make_segment
	NAME=fifteen_letters hold "$id"
	at 80 shmtool stat "$id"
	fits 80
	# The proof goes on below itself.
	grep -A1 "^stale  " screen | tail -n 1 | grep -q "^              [a-z]"
	[ "$(grep -c . screen)" -eq \
		$(($(shmtool stat "$id" | grep -c .) + 1)) ]
}

@test "terminal: stat -w fits 80 columns" {
	make_segment 1048576
	TERM=xterm script -qefc "stty cols 80; exec shmtool stat -w0.1" \
		/dev/null </dev/null >screen 3>&- &
	holders+=("$!")
	wait_for grep -q TIME screen
	shmtool set -m 0640 "$id"
	wait_for grep -q 0640 screen
	hold "$id"
	wait_for grep -q "0 -> 1" screen
	mapfile -t lines < <(tr -d '\r' <screen)
	[ "$(xargs <<<"${lines[0]}")" = "TIME EVENT ID COMMAND WHAT" ]
	[ "${lines[1]}" = \
		"shmtool: stat: hidden: KEY,OWNER,NATTCH,SIZE,PID" ]
	[[ ${lines[2]} == *" changed "*"perms 0600 -> 0640" ]]
	fits 80
}

@test "terminal: notes fit 80 columns" {
	needs_own_shm
	needs_root "other users' processes are hidden"
	local user="setpriv --reuid=65534 --clear-groups --bounding-set=-all"
	local command dir=$BATS_TEST_TMPDIR/dir
	mkdir -m 777 "$dir"
	chmod o+x "$BATS_TEST_TMPDIR/../.." "$BATS_TEST_TMPDIR/.." \
		"$BATS_TEST_TMPDIR"
	shmtool create /name -s 1M
	mkdir -m 700 /dev/shm/dir
	: >/dev/shm/dir/file
	id=$(shmtool create -s 1G --no-reserve)
	hold "$id"
	hold_open name
	for command in "stat -P" "stat $id" "stat --pid $holder" \
		"stat --all-ns" "stat --kind deleted" "stat --kind posix -P" \
		"stat --kind posix" "stat" "stat -u --kind all"; do
		note_fits "stat: " "$user shmtool $command"
	done
	at 80 "$user shmtool stat --kind posix"
	grep -q "stat: 1 directory of /dev/shm may not be read" screen
	release
	for command in "save $dir $id" "limits -n --set shmmni=0" \
		"limits -n --set shmmax=1" "limits -n --set shmall=1" \
		"limits -n --set shm_rmid_forced=1"; do
		note_fits "[a-z]*: [0-9a-z_]*: " "shmtool $command"
	done
	hold "$id"
	ipcrm -m "$id"
	at 80 shmtool attach -t 0 "$id"
	fits 80
	grep -q "marked for removal" screen
	rm -r /dev/shm/name /dev/shm/dir
}

@test "terminal: stale rows are dim, those marked for removal red" {
	local dim=$'\033[2m' red=$'\033[31m' off=$'\033[m'
	make_segment
	make_later
	at 200 "ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$LATER shmtool stat"
	[[ ${lines[1]} == "$dim"*"stale$off" ]]
	[[ ${lines[0]} != *$'\033'* ]]
	hold "$id"
	at 200 shmtool stat
	[[ ${lines[1]} != *$'\033'* ]]
	ipcrm -m "$id"
	at 200 shmtool stat
	[[ ${lines[1]} == "$red"*"dest$off" ]]
	# In views that do not show the status, too.
	at 200 shmtool stat -t
	[[ ${lines[1]} == "$red"*"$off" ]]
}

@test "terminal: when there are colours" {
	local esc=$'\033'
	make_segment
	hold "$id"
	ipcrm -m "$id"
	local line
	for line in "shmtool stat" "shmtool stat --color=auto" \
		"NO_COLOR= shmtool stat" "NO_COLOR=1 shmtool stat --color=always" \
		"TERM=dumb shmtool stat --color=always" \
		"shmtool stat --color=always | cat"; do
		at 200 "$line"
		[[ ${lines[1]} == *"$esc"* ]] || { echo "none: $line"; return 1; }
	done
	for line in "shmtool stat --color=never" "NO_COLOR=1 shmtool stat" \
		"TERM=dumb shmtool stat" "env -u TERM shmtool stat" \
		"shmtool stat | cat" "shmtool stat --tsv --color=always" \
		"shmtool stat --json --color=always" "shmtool stat -P" \
		"shmtool stat -u"; do
		at 200 "$line"
		[[ ${lines[*]} != *"$esc"* ]] || { echo "some: $line"; return 1; }
	done
	run --separate-stderr shmtool stat --color=green
	[ "$status" -eq 2 ]
	message_has "stat: --color: green: not never, auto or always"
	run --separate-stderr shmtool stat --color
	[ "$status" -eq 2 ]
}
