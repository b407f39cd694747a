# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# rm --stale as fast as it can, for half a minute, against processes that
# make, attach, use and detach segments as fast as they can: no process may
# ever find gone or unreadable what it has attached.

load common

RACE_SECONDS=30

# One row of processes: a maker that ends, then a user of what it made.  What
# is wrong goes to stderr, the numbers of attaches and of marked ones to
# stdout.
workers=$(
	cat <<'E2'
use strict;
use IPC::SysV qw(shmat shmdt memread memwrite IPC_CREAT IPC_EXCL IPC_STAT);
use Time::HiRes qw(time sleep);

my ($key, $end, $n, $attached, $marked) = ($ARGV[0], time + $ARGV[1]);

# Runs a part in a process of its own; its exit status.
sub apart {
	my $pid = fork // die "fork: $!";
	exit shift->() if $pid == 0;
	waitpid $pid, 0;
	die "a process was killed by signal ", $? & 127, "\n" if $? & 127;
	return $? >> 8;
}

sub text { pack "A4096", "$_[0] $n " x 100 }

sub make {
	my $id = shmget($key, 4096, IPC_CREAT | IPC_EXCL | 0600) // return 1;
	# From here on it is nobody's: it may be gone before it is filled.
	return shmwrite($id, text("made"), 0, 4096) ? 0 : 1;
}

sub use_it {
	my $id = shmget($key, 0, 0) // return 1;
	my $at = shmat($id, undef, 0) // return 1;
	my ($got, $status) = ("", 0);
	memread($at, $got, 0, 4096) or die "read: $!";
	$got eq text("made") or die "other contents than were made";
	for my $i (1 .. 5) {
		memwrite($at, text("use $i"), 0, 4096) or die "write: $!";
		sleep 0.001;
		memread($at, $got, 0, 4096) or die "read: $!";
		$got eq text("use $i") or die "other contents than written";
		my $ds = "";
		shmctl($id, IPC_STAT, $ds) or die "it is gone: $!";
	}
	# Marked: the key finds it no more, or finds another.
	my $now = shmget($key, 0, 0);
	$status = 2 unless defined $now && $now == $id;
	defined shmdt($at) or die "detach: $!";
	return $status;
}

while (time < $end) {
	$n++;
	next if apart(\&make) != 0;
	sleep 0.002 * rand;
	my $status = apart(\&use_it);
	die "a user failed\n" if $status > 2;
	$attached++ if $status != 1;
	$marked++ if $status == 2;
	# What is left goes, so that the next can be made.
	apart(sub {
		my $id = shmget($key, 0, 0);
		shmctl($id, 0, 0) if defined $id && rand() < 0.5;
		0;
	});
	sleep 0.002 while defined shmget($key, 0, 0) && time < $end;
}
printf "%d %d\n", $attached, $marked;
E2
)

@test "rm: --stale never takes from a process what it has attached" {
	local i ids=() status=0
	for i in 1 2 3; do
		perl -e "$workers" "$((1000 + i))" "$RACE_SECONDS" \
			>"$BATS_TEST_TMPDIR/out.$i" \
			2>"$BATS_TEST_TMPDIR/err.$i" 3>&- &
		ids+=($!)
	done
	holders+=("${ids[@]}")
	local end=$((SECONDS + RACE_SECONDS)) rounds=0 bad=0
	while ((SECONDS < end)); do
		status=0
		shmtool rm --stale --idle 0 --yes -v \
			>>"$BATS_TEST_TMPDIR/removed" \
			2>>"$BATS_TEST_TMPDIR/said" || status=$?
		rounds=$((rounds + 1))
		# 5: somebody came in the moment of the removal, and was told.
		[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || bad=$status
	done
	for i in 1 2 3; do
		wait "${ids[i - 1]}" || { cat "$BATS_TEST_TMPDIR/err.$i"; bad=1; }
		cat "$BATS_TEST_TMPDIR/out.$i"
	done
	[ "$bad" -eq 0 ]
	cat "$BATS_TEST_TMPDIR"/err.*
	[ -z "$(cat "$BATS_TEST_TMPDIR"/err.*)" ]
	# Both sides did work.
	removed=$(grep -c '^removed' "$BATS_TEST_TMPDIR/removed")
	attached=$(awk '{ n += $1 } END { print n + 0 }' \
		"$BATS_TEST_TMPDIR"/out.*)
	marked=$(awk '{ n += $2 } END { print n + 0 }' "$BATS_TEST_TMPDIR"/out.*)
	told=$(grep -c 'in the moment of its removal' \
		"$BATS_TEST_TMPDIR/said" || true)
	echo "# $rounds rounds, $removed removed, $attached attached," \
		"$marked marked meanwhile, $told told" >&3
	[ "$removed" -gt 0 ]
	[ "$attached" -gt 0 ]
	# Who has been marked and stays has been told of.
	run ! grep -v '^shmtool: rm: [0-9]*: ' "$BATS_TEST_TMPDIR/said"
}
