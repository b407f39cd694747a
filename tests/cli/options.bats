# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The command line: how options are written, what their values may be, and
# what a wrong one leads to.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Runs shmtool, which must refuse the command line with these words.
refuses() {
	local line=$1
	shift
	# shellcheck disable=SC2086 # several words
	run --separate-stderr shmtool $line
	[ "$status" -eq 2 ] || { echo "$line: $status"; return 1; }
	[ -z "$output" ]
	message_has "$@"
}

@test "options: values behind a letter, a name, = and in a cluster" {
	id=$(shmtool create -s 4096)
	for line in "-n4 -o2" "-n 4 -o 2" "--length=4 --offset 2" \
		"--len 4 --off=2" "-vn4 -o2"; do
		# shellcheck disable=SC2086
		shmtool read --raw $line "$id" 2>/dev/null >out
		[ "$(wc -c <out)" -eq 4 ] || { echo "$line"; return 1; }
	done
	# The value that is missing is not the word behind it.
	shmtool write -z -n 2 "$id"
	shmtool write -zA -n 2 "$id"
	[ "$(shmtool read -n 3 "$id" | tr '\0' .)" = AA. ]
	refuses "read --length" "read: --length: needs a value"
	refuses "read -n" "read: -n: needs a value"
	refuses "stat --json=1" "stat: --json=1: takes no value"
}

@test "options: options and operands mix, -- ends options, the last value wins" {
	id=$(shmtool create -s 4096)
	[ "$(shmtool read "$id" -n 9 --raw -n 3 | wc -c)" -eq 3 ]
	run --separate-stderr shmtool stat -- --json
	[ "$status" -eq 2 ]
	message_has "stat: --json: not a segment"
	refuses "create -s 4096 --" "create: --: which command?"
}

@test "options: LENGTH and OFFSET are a size or hexadecimal" {
	id=$(shmtool create -s 4096)
	[ "$(shmtool read -n 0x10 "$id" | wc -c)" -eq 16 ]
	[ "$(shmtool read -o 0xff0 -n 0.5K "$id" 2>&1 | grep -c end)" -eq 1 ]
	shmtool write -zB -o 0x10 -n 0x8 "$id"
	[ "$(shmtool read "$id" | tr -d '\0')" = BBBBBBBB ]
	refuses "read -n 18446744073709551615 $id" \
		"--length: 18446744073709551615: out of range"
	refuses "read -n 0x10000000000000000 $id" "--length: 0x1" \
		"out of range"
	refuses "write -n 0xg $id" "--length: 0xg: not a number of bytes"
}

@test "options: values at their limits and just beyond" {
	id=$(shmtool create -s 4096)
	run shmtool limits --check -w 0 -c 100
	[[ $output != *UNKNOWN* ]]
	refuses "limits --usage -w 101" "--warning: 101: out of range: 0 to 100"
	shmtool set -m 0777 "$id"
	shmtool set -m 0 "$id"
	shmtool set -m 0600 "$id"
	refuses "set -m 1777 $id" "--mode: 1777: out of range"
	refuses "set -m 888 $id" "--mode: 888: not a mode"
	refuses "create -s 1 --id 2147483648" "--id: 2147483648: out of range:"
	refuses "create -s 1 -k 0" "--key: 0: out of range: keys go from 1"
	refuses "create -s 1 -k 0x100000000" "out of range: keys go from 1"
	shmtool create -s 1 -k 0xffffffff
	refuses "stat --pid 0" "--pid: 0: out of range: 1 to 2147483647"
	shmtool stat --pid 2147483647 --owner 4294967294
	refuses "stat --owner 4294967295" "--owner: 4294967295: no such user"
	refuses "create -s 16E" "--size: 16E: out of range: at most 1844"
	refuses "create -s 1 --huge=3M" "--huge: 3M: not a power of two"
	refuses "create -s 1 --huge=0" "--huge: 0: not a power of two"
	refuses "limits --advise --ram 1023K" "--ram: 1023K: less than 1.0M"
	refuses "write -z256 $id" "--fill: 256: not a byte"
	refuses "write -zAB $id" "--fill: AB: not a byte"
	shmtool write -z0xff "$id"
	refuses "attach -a 0 $id" "--address: 0: not an address"
	refuses "set -u :nosuchgroup $id" "--owner: nosuchgroup: no such group"
}

@test "options: --not takes the next option, which must be a filter" {
	refuses "stat --not --json" "stat: --not: --json cannot follow it"
	refuses "stat --not --not --stale" "stat: --not: --not cannot follow"
	refuses "stat --stale --not" "stat: --not: an option must follow it"
	shmtool create -k 5 -s 1
	shmtool create -k 6 -s 1
	[ "$(shmtool stat --tsv --no-heading -o KEY --not --key 5)" = \
		0x00000006 ]
	[ "$(shmtool stat --tsv --no-heading -o KEY --key 5 --key 6 |
		wc -l)" -eq 2 ]
}

@test "options: DURATION takes a fraction" {
	id=$(shmtool create -s 4096)
	run timeout 10 shmtool attach -t 0.1 "$id"
	[ "$status" -eq 0 ]
	run timeout 10 shmtool attach -t 0.001m "$id" -- true
	[ "$status" -eq 0 ]
	timeout 10 shmtool read -w0.1 -n 1 "$id" >out &
	wait_for grep -q 00 out
	shmtool write -z1 -n 1 "$id"
	wait_for grep -q 01 out
	kill %1
	refuses "attach -t 1.5.5 $id" "--time: 1.5.5: not a duration"
	refuses "stat -w0.0001" "--watch: 0.0001: out of range: 0.001 to"
	refuses "stat --idle .5" "--idle: .5: not a duration"
}

@test "options: a semaphore is waited for a fraction of a second" {
	command -v perl >/dev/null || skip "perl is not installed"
	id=$(shmtool create -s 4096)
	sem=$(perl -e 'print semget(0, 1, 0600)')
	run --separate-stderr timeout 10 shmtool write -z \
		--lock-with "$sem" --lock-timeout 0.2 "$id"
	[ "$status" -eq 5 ]
	message_has "$sem: the semaphore was not free within 0.2 s"
	ipcrm -s "$sem"
}

@test "options: those that exclude each other are named" {
	refuses "create --key 5 -f . -s 1" "create: either --key or --file"
	refuses "write -z --string x 1" "write: either --fill or --string"
	refuses "read -xs 1" "read: either --hex or --string"
	refuses "read --raw -t d4 1" "read: either --raw or --type"
	refuses "stat -tp" "stat: either --times or --pids"
	refuses "stat --tsv --json" "stat: either --tsv or --json"
	refuses "set --unlock --lock 1" "set: either --unlock or --lock"
	refuses "limits -b --human" "limits: either --bytes or --human"
	refuses "rm --private --key 5" "rm: either --key or --private"
	# The same one twice is no contradiction.
	shmtool stat -t -t --json --json
}

@test "options: -h counts where it stands, not as the value of another" {
	[ "$(shmtool stat -th)" = "$(shmtool stat -h)" ]
	refuses "read -o -h" "read: --offset: -h: not a number of bytes"
	refuses "stat --nosuch -h" "stat: --nosuch: no such option"
}

@test "options: a wrong limits --check is UNKNOWN on stdout and 3" {
	for line in "--check --nosuch" "--chec -w x" "--ch" "--ch --json" \
		"-w 101 --check" "--check=5" "--check operand" \
		"--nosuch --che" "--check --usage"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool limits $line
		[ "$line" != --ch ] || {
			[ "$status" -eq 0 ]
			continue
		}
		[ "$status" -eq 3 ] || { echo "$line: $status"; return 1; }
		[[ $output == "SHM UNKNOWN - "* && $output != *$'\n'* ]]
		message_has "shmtool: limits: "
	done
	# Without --check it is a usage error as any.
	refuses "limits -w 101" "--warning: 101: out of range: 0 to 100"
}

@test "options: save says that DIR comes first" {
	id=$(shmtool create -k 0x88 -s 4096)
	refuses "save 0x88 ." "save: 0x88: a segment, but DIR comes first"
	refuses "save $id ." "save: $id: a segment, but DIR comes first"
	refuses "save" "save: which directory? DIR comes first"
	mkdir "$id"
	shmtool save "$id" "$id"
}

@test "options: an unknown command leads to the nearest, or to help" {
	for pair in sett:set raed:read creat:create st:stat cre:create \
		ls:stat list:stat info:stat "top:stat -w" version:-V; do
		refuses "${pair%%:*}" "shmtool: ${pair%%:*}: no such command;" \
			"the nearest is ${pair#*:} ("
	done
	# Near to several, or to none.
	for word in s sat re xyz unrelated; do
		refuses "$word" "$word: no such command; shmtool help lists"
	done
	run --separate-stderr shmtool ""
	[ "$status" -eq 2 ]
	message_has "'': no such command; shmtool help"
}

@test "options: letters of ipcs before the command lead to ours" {
	refuses "-m" "shmtool: -m: no such option; shmtool stat lists"
	refuses "-a" "shmtool: -a: no such option; shmtool stat lists"
	refuses "-l" "shmtool: -l: no such option; shmtool limits"
	refuses "-x" "shmtool: -x: no such option (see"
	refuses "--versoin" "shmtool: --versoin: no such option; the nearest is --version"
	refuses "rm -m 1" "rm: -m: no such option; name an id alone"
}
