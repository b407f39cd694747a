# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Processes that hold memory without a name.  memfd_create has the number of
# x86-64 in %numbers; on other machines the tests are skipped.

needs_memfd() {
	[ "$(uname -m)" = x86_64 ] || skip "knows the system calls of x86-64"
}

# hold_unnamed KIND BYTES: a process that holds so many bytes of memory, all
# written, until the test ends; of "mapped", deleted memory that it has only
# mapped, which has another name, /dev/shm/other, if it is "linked"; "named" is an object
# that has its name still, and "huge" a memfd of huge pages, none of them
# written.  $holder is its pid, $path leads to the memory where that is a descriptor.
hold_unnamed() {
	local ready="$BATS_TEST_TMPDIR/holding.$RANDOM$RANDOM"
	[[ $1 == deleted || $1 == named ]] ||
		needs_memfd
	perl -e '
		my ($kind, $bytes, $ready) = @ARGV;
		my ($fd, $at, $file) = (-1);
		$bytes += 0;	# syscall takes a string for a pointer
		if ($kind eq "huge") {
			my $name = "huge";
			$fd = syscall(319, $name, 4);
			open our $huge, "+>&=", $fd or die $!;
			truncate $huge, $bytes or die $!;
			$bytes = 0;
		} elsif ($kind =~ /^(memfd|sealed|unsealable)$/) {
			my $name = "made by a test";
			$fd = syscall(319, $name, $1 eq "unsealable" ? 0 : 2);
		} elsif ($kind ne "anon") {
			sysopen $file, "/dev/shm/held", 0102, 0600 or die $!;
			link "/dev/shm/held", "/dev/shm/other"
			    if $kind eq "linked";
			$kind = "mapped" if $kind eq "linked";
			$fd = fileno $file;
		}
		if ($fd != -1 && $bytes > 0) {
			open my $out, ">&=", $fd or die $!;
			binmode $out;
			syswrite $out, "x" x $bytes;
			if ($kind eq "sealed") {
				fcntl $out, 1033, 15 or die $!;
			}
			our $kept = $out;
		}
		if ($kind eq "anon" || $kind eq "mapped") {
			# MAP_SHARED, MAP_ANONYMOUS, MAP_POPULATE
			$at = syscall 9, 0, $bytes, 3, $kind eq "anon" ?
			    0x8021 : 0x8001, $fd, 0;
			die $! if $at == -1;
		}
		close $file if $kind eq "mapped";
		our $kept = undef if $kind eq "mapped";
		unlink "/dev/shm/held" if $kind ne "named";
		open my $f, ">", "$ready.new" or die $!;
		print $f $fd;
		close $f;
		rename "$ready.new", $ready;
		sleep 1 while 1;' "$1" "$2" "$ready" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$ready"
	# shellcheck disable=SC2034 # for the tests
	path=/proc/$holder/fd/$(<"$ready")
}
