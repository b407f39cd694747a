# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of rm with filters share.

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# A private segment of SIZE bytes; $id, and $maker, the process that made it,
# which has ended.
make_private() {
	read -r id maker < <(perl -e '
		print shmget(0, $ARGV[0], 0600) + 0, " $$\n"' "${1:-4096}")
}

# Ids that are left, in one line.
left() {
	ipcs -m | awk '/^0x/ { print $2 }' | sort -n | paste -sd' ' -
}

# `rm` with these filters leaves exactly the ids in $rest.
removes_all_but() {
	local rest=$1
	shift
	run --separate-stderr shmtool rm "$@" --yes
	[ "$status" -eq 0 ] || { echo "$status: $stderr"; return 1; }
	[ "$(left)" = "$rest" ] || { echo "left: $(left)"; return 1; }
}

# Runs a command on a terminal of its own; what it says comes to the file
# $tty, what is typed goes to descriptor 4.
on_terminal() {
	tty=$BATS_TEST_TMPDIR/tty
	mkfifo "$BATS_TEST_TMPDIR/keys"
	# What runs in the background ignores Ctrl-C.
	env --default-signal=INT script -qefc "$*" "$tty" <"$BATS_TEST_TMPDIR/keys" >/dev/null 2>&1 \
		3>&- &
	terminal=$!
	exec 4>"$BATS_TEST_TMPDIR/keys"
}

# Ends what runs there; its status.
leave_terminal() {
	status=0
	exec 4>&-
	wait "$terminal" || status=$?
}

asked() {
	wait_for grep -q '\[y/N\]' "$tty"
}
