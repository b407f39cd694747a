# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The line for cron and the units for systemd that shmtool-rm(1) shows: right
# in form, and doing what the page says when run as those two would.

load ../common

setup() {
	page=$BATS_TEST_DIRNAME/../../../man/shmtool-rm.1
	cd "$BATS_TEST_TMPDIR" || return 1
}

# display N: the Nth literal display of CLEANING UNATTENDED.
display() {
	awk -v want="$1" '
		/^\.Sh/ { inside = $0 == ".Sh CLEANING UNATTENDED"; next }
		/^\.Bd -literal/ && inside { take = ++n == want; next }
		/^\.Ed/ { take = 0 }
		take' "$page"
}

# Three segments: a leaked one, one that is attached, one whose maker lives.
leave_behind() {
	leaked=$(ipcmk -M 4096 | tr -dc 0-9)
	attached=$(ipcmk -M 4096 | tr -dc 0-9)
	hold "$attached"
	perl -e '$| = 1; print shmget(0, 4096, 0600) // die; sleep 300' \
		>alive 3>&- &
	holders+=("$!")
	wait_for test -s alive
	alive=$(cat alive)
}

# cleaned COMMAND...: in an environment as cron's or systemd's, more than a
# day later, it takes the leaked one and no other, and tells of that alone;
# then, there being none, of nothing.
cleaned() {
	local bare=(env -i HOME=/ LOGNAME=root SHELL=/bin/sh
		PATH="$(dirname "$(command -v shmtool)"):/usr/bin:/bin")
	leave_behind
	make_later 100000
	# Today nothing is old enough.
	run --separate-stderr "${bare[@]}" "$@" </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	bare+=(LD_PRELOAD="$LATER"
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0")
	run --separate-stderr "${bare[@]}" "$@" </dev/null
	[ "$status" -eq 0 ] || { echo "$stderr"; return 1; }
	[[ $output == "removed $leaked (0x"*", 4.0K, owner "* ]]
	[ "${#lines[@]}" -eq 1 ]
	[ -z "$stderr" ]
	[ "$(segments)" -eq 2 ]
	[ "$(of_id nattch "$attached")" -eq 1 ]
	[ "$(of_id nattch "$alive")" -eq 0 ]
	run --separate-stderr "${bare[@]}" "$@" </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "unattended: the lines for cron are a crontab of the system's" {
	local word='[^ ]+' line
	[ "$(display 1 | wc -l)" -eq 2 ]
	display 1 | head -n 1 | grep -Eqx 'PATH=(/[a-z/]+:?)+'
	# Five fields of time, the user, the command; a % would end it.
	line=$(display 1 | tail -n 1)
	[[ $line =~ ^([0-9*/,-]+\ ){5}root\ shmtool\ rm\ $word ]]
	[[ $line != *%* ]]
	[[ " $line " == *" --yes "* ]]
}

@test "unattended: the command for cron takes what is left over and no more" {
	local command
	command=$(display 1 | tail -n 1 | cut -d ' ' -f 7-)
	[[ $command == "shmtool rm --stale "* ]]
	cleaned /bin/sh -c "$command"
}

@test "unattended: systemd takes the units without a word" {
	local program
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	program=$(command -v shmtool)
	display 2 | sed "s|=/usr/local/bin/shmtool |=$program |" \
		>shmtool-clean.service
	display 3 >shmtool-clean.timer
	grep -qF "ExecStart=$program rm " shmtool-clean.service
	run systemd-analyze verify --man=no "$PWD/shmtool-clean.service" \
		"$PWD/shmtool-clean.timer"
	[[ $output != *"Failed to initialize manager"* ]] ||
		skip "systemd-analyze does not work here: ${lines[0]}"
	# Of other units of the machine it may have something to say.
	run ! grep -F shmtool-clean <<<"$output"
}

@test "unattended: the command of the unit takes what is left over and no more" {
	local start
	start=$(display 2 | sed -n 's|^ExecStart=/usr/local/bin/||p')
	[[ $start == "shmtool rm --stale "* ]]
	# Nor does it need to become more than it is.
	display 2 | grep -qx 'NoNewPrivileges=yes'
	# Words, as systemd splits them: there is nothing to quote.
	[[ $start != *[\"\'\\%\$]* ]]
	# shellcheck disable=SC2086
	cleaned setpriv --no-new-privs $start
}

@test "unattended: the unit hides neither segments nor processes" {
	run ! grep -E '^(PrivateIPC|PrivatePIDs|ProtectProc)=' <(display 2)
	grep -q 'PrivateIPC=yes' "$page"
	display 3 | grep -qx 'WantedBy=timers.target'
	# Both say the same to shmtool.
	[ "$(display 1 | sed -n 's/.* root //p')" = \
		"$(display 2 | sed -n 's|^ExecStart=/usr/local/bin/||p')" ]
}

@test "rm: a signal ends what is printed for a reader that takes nothing" {
	local arguments
	perl -e 'shmget(0, 1, 01600) // die for 1..4000'
	for arguments in "-n --all" "-n --all --json"; do
		mkfifo pipe
		exec 7<>pipe
		# shellcheck disable=SC2086
		env --default-signal shmtool rm $arguments >pipe 2>err \
			3>&- 7>&- &
		holders+=($!)
		# The pipe is full.
		wait_for grep -Eq '^wchar: [0-9]{5}' "/proc/$!/io"
		kill -TERM $!
		# A second for each 64 KiB would be more.
		timeout 3 tail -s 0.1 --pid=$! -f /dev/null
		exec 7<&-
		rm pipe
	done
}
