# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# Standard output and standard error that do not block: what does not fit into
# the pipe waits until it is read.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	perl -e 'for (1 .. 3000) { defined shmget(0, $_, 0600) or die $! }'
}

# The output of a command through a pipe that does not block and is read only
# when it is full; "$1" is the descriptor.
through_full_pipe() {
	perl -MFcntl -e '
		my $fd = shift;
		pipe my $in, my $out or die;
		fcntl $out, F_SETFL, O_NONBLOCK or die;
		my $pid = fork // die;
		if ($pid == 0) {
			require POSIX;
			POSIX::dup2(fileno $out, $fd) // die;
			exec @ARGV;
		}
		close $out;
		# As long as it runs and has room.
		select undef, undef, undef, 0.2;
		print while <$in>;
		waitpid $pid, 0;
		exit $? >> 8;' "$@"
}

@test "nonblocking: tables, JSON and reports are whole" {
	local words
	for words in "stat -o ID,KEY,SIZE,PERMS" "limits -m" \
		"stat --tsv -o ID,KEY,SIZE,PERMS,CTIME" "stat --json -o ID,KEY" \
		"limits --json"; do
		# shellcheck disable=SC2086
		shmtool $words >expected 2>&1
		[ "$(wc -c <expected)" -gt 65536 ]
		# shellcheck disable=SC2086
		through_full_pipe 1 shmtool $words >got 2>err
		cmp expected got || { echo "$words"; cat err; return 1; }
	done
}

@test "nonblocking: rm tells of every segment that it removed" {
	through_full_pipe 1 shmtool rm --all -y -v >got
	[ "$(wc -l <got)" -eq 3000 ]
	[ "$(segments)" -eq 0 ]
}

@test "nonblocking: every message arrives" {
	local -a absent
	mapfile -t absent < <(seq 1000000000 1000002999)
	run -3 through_full_pipe 2 shmtool rm "${absent[@]}"
	[ "${#lines[@]}" -eq 3000 ]
}

@test "nonblocking: a reader that is gone is an error, not a wait" {
	run --separate-stderr timeout 20 perl -MFcntl -e '
		pipe my $in, my $out or die;
		fcntl $out, F_SETFL, O_NONBLOCK or die;
		open STDOUT, ">&", $out or die;
		close $in; close $out;
		$SIG{PIPE} = "IGNORE";
		exec @ARGV' shmtool stat
	[ "$status" -eq 1 ]
	message_has "standard output: Broken pipe"
}
