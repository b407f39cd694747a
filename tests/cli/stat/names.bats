# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat: names that are long, hostile or beyond ASCII.

load ../common
load rows

@test "stat: names are never cut" {
	needs_root
	local name=a-very-long-user-name-of-32-bytes
	needs_mounts
	make_segment
	shmtool set -u 4242:4343 "$id"
	cp /etc/passwd /etc/group "$BATS_TEST_TMPDIR"
	echo "$name:x:4242:4343::/:/bin/sh" >>"$BATS_TEST_TMPDIR/passwd"
	echo "$name-group:x:4343:" >>"$BATS_TEST_TMPDIR/group"
	run unshare --mount sh -c '
		mount --bind "$1/passwd" /etc/passwd
		mount --bind "$1/group" /etc/group
		shmtool stat --no-heading -o OWNER,GROUP' - "$BATS_TEST_TMPDIR"
	[ "$output" = "$name  $name-group" ]
	[ "$(cell "$id" OWNER,GROUP)" = $'4242\t4343' ]
}

@test "stat: names beyond ASCII and hostile ones are safe on a terminal" {
	needs_root
	needs_mounts
	make_segment
	shmtool set -u 4242 "$id"
	local first=$id
	make_segment
	shmtool set -u 4243 "$id"
	make_segment
	shmtool set -u 4244 "$id"
	cp /etc/passwd "$BATS_TEST_TMPDIR"
	printf '%b:0::/:/bin/sh\n' 'm\0303\0274ller:x:4242' \
		'a\033[2J\tb\\c:x:4243' 'bad\0377\0302:x:4244' \
		>>"$BATS_TEST_TMPDIR/passwd"
	run unshare --mount sh -c '
		mount --bind "$1/passwd" /etc/passwd
		export LC_ALL=C.UTF-8
		shmtool stat --no-heading -o OWNER,PERMS
		shmtool stat --tsv --no-heading -o OWNER,PERMS
		LC_ALL=C shmtool stat --no-heading -o OWNER "$2"' \
		- "$BATS_TEST_TMPDIR" "$first"
	[[ ${lines[0]} == m$'\xc3\xbc'"ller "* ]]
	[[ ${lines[1]} == 'a\^[[2J\tb\\c '* ]]
	[[ ${lines[2]} == 'bad\M'* ]]
	[[ ${lines[4]} == 'a\^[[2J\tb\\c'$'\t0600' ]]
	[[ ${lines[6]} == 'm\M-'* ]]
	[[ $output != *$'\033'* && $output != *$'\377'* ]]
	# Aligned by characters, not bytes.
	[ "$(LC_ALL=C.UTF-8 bash -c 'echo ${#1}' - "${lines[0]}")" -eq \
		"${#lines[1]}" ]
}

@test "stat: hidden characters in names are shown by their bytes" {
	make_segment
	local code c
	# Those that turn direction, those that are invisible, and one that
	# cannot be printed.
	for code in 061c 200e 200f 202a 202b 202c 202d 202e 2066 2067 2068 2069 \
		2029 00ad 034f 115f 180b 200b 200c 200d 2060 2064 3164 fe0f \
		feff ffa0 1d173 e0001 e007f; do
		c=$(LC_ALL=C.UTF-8 printf %b "\\U000$code")
		NAME="a${c}b" hold "$id"
		run env LC_ALL=C.UTF-8 shmtool stat -P --no-heading -o COMMAND,PID
		[[ $output == 'a\M'*"b  $holder" ]]
		run env LC_ALL=C.UTF-8 shmtool stat -P --no-heading --tsv -o COMMAND
		[[ $output == 'a\M'*b ]]
		run env LC_ALL=C.UTF-8 shmtool rm "$id"
		[[ $output == *"$holder (a\\M"*"b), nattch 1;"* ]]
		run env LC_ALL=C.UTF-8 shmtool stat "$c"
		[[ $output != *"$c"* && $output == *'stat: \M'* ]]
		shmtool stat -P --json -o COMMAND >"$BATS_TEST_TMPDIR/json"
		LC_ALL=C grep -q '"a\\u[0-9a-f\\u]*b"' "$BATS_TEST_TMPDIR/json"
		[ "$(perl -MJSON::PP -0ne 'printf "%x", ord substr
			decode_json($_)->{attachments}[0]{command}, 1' \
			"$BATS_TEST_TMPDIR/json")" = "$(printf %x "0x$code")" ]
		release
	done
	# Others pass, those beside them too.
	for code in 061b 061d 2010 202f 2070 fdff fe10 00fc; do
		c=$(LC_ALL=C.UTF-8 printf %b "\\U000$code")
		NAME="a${c}b" hold "$id"
		run env LC_ALL=C.UTF-8 shmtool stat -P --no-heading -o COMMAND
		[ "$output" = "a${c}b" ] || { echo "$output"; return 1; }
		run shmtool stat -P --json -o COMMAND
		[[ $output == *"\"a${c}b\""* ]]
		release
	done
}

@test "stat: a command's name is safe on a terminal" {
	make_segment
	NAME=$'a\033]0;b\na\tb' hold "$id"
	run shmtool stat --no-heading -o LCOMMAND,ID "$id"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output != *$'\033'* && $output != *$'\t'* ]]
	[ "$(cell "$id" LCOMMAND,ID | awk -F'\t' '{ print NF }')" -eq 2 ]
	run shmtool stat "$id"
	[[ $output != *$'\033'* ]]
	# One without a name is still not a dead one.
	NAME='' hold "$id"
	[ "$(cat "/proc/$holder/comm")" = "" ]
	[ "$(cell "$id" LCOMMAND)" = "?" ]
	shmtool stat --json "$id" |
		grep -q '"lcommand": null, "lcommand_life": "alive"'
}
