# SPDX-License-Identifier: BSD-2-Clause
#
# What the parts of make check-fault share: the command lines, the world that
# each run of one finds, the run itself, what to find wrong with it, and the
# counting.  A part is run as
#
#	tests/fault/PART BUILD [PATTERN]	only lines that match PATTERN
package World;
use strict;
use warnings;
use Exporter 'import';
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Handle;
use IPC::SysV qw(IPC_CREAT IPC_PRIVATE shmat);
use POSIX qw(:sys_wait_h uname);
use Time::HiRes qw(time sleep);

our @EXPORT = qw($build @pattern begin commands calls is_root torment
    status_of work_off);

our ($build, @pattern);
my ($shmtool, $preload, $top, $saved);
my ($base, $large, $object);	# names of what is in there, without ending
my $jobs = 2;
my $limit = 20;		# seconds for one run

# Each runs in a new IPC namespace that holds segment 0, of key 0x4d2 and
# 64 KiB, written; 1, private, of a page, attached by another process with a
# name that is made safe; and semaphore set 0 of one, free.  A /dev/shm of its
# own has /object, of 64 KiB, written, and /used, which another process has
# open.  The folder holds "in", of 8 KiB, "large", of 8 MiB, and "saved/" with
# two segments and an object that were saved and removed.
#	status	of the undisturbed run, 0 by default
#	any	whatever status the undisturbed run has will do
#	fewer	a failed run may have removed, and saved, some segments
#	foreign	the status may be that of the COMMAND
#	loose	the output holds what differs from run to run
#	scrap	a wish for an id is used up by a segment of one byte, whose
#		removal cannot be repeated for ever
#	plugin	the message is on stdout, for the monitor
my @commands = (
	[ 'create -s 8K' ],
	[ 'create -k 0x99 -s 8K -m 0640 -u :0 -v' ],
	[ 'create -f in:a -s 1K' ],
	[ 'create -k 0x4d2 -s 4K -e -v' ],
	[ 'create -k 0x4d2 -s 4K', status => 5 ],
	[ 'create -s 0', status => 2 ],
	[ 'create -i in' ],
	[ 'create -i /proc/version' ],
	[ 'create -s 64K --id 32', scrap => 1 ],
	[ 'create -s 64K --no-reserve --lock' ],
	[ 'create -s 2M --huge', any => 1 ],
	[ 'create -s 8K -i in -- true', foreign => 1 ],
	[ 'create -s 8K -- cat /proc/self/comm', foreign => 1 ],
	[ 'create -k 0x98 -s 8K -- cat /proc/self/comm', foreign => 1 ],
	[ 'create -k 0x4d2 -s 8K -- true', status => 125, foreign => 1 ],
	[ 'attach -t 0 0 1', loose => 1 ],
	[ 'attach -rx -t 0 0', any => 1, loose => 1 ],
	[ 'attach 0 -- cat /proc/self/comm', foreign => 1, loose => 1 ],
	[ 'write -f in 0' ],
	[ 'write -v -o 1K -s hello 0' ],
	[ 'write -zx 0' ],
	[ 'write 0', stdin => 'in' ],
	[ 'write --lock-with 0 -s hello 0' ],
	[ 'read 0' ],
	[ 'read -O out 0' ],
	[ 'read -O in 0' ],
	[ 'read -x -O out 0' ],
	[ 'read -x -n 1K 0' ],
	[ 'read -s -o 1 0x4d2' ],
	[ 'read -t u4 -n 256 0' ],
	[ 'read --no-trace 1', any => 1 ],
	[ 'read --lock-with 0:0 0' ],
	[ 'read -w -x -n 64 --lock-with 77 0', status => 1 ],
	[ 'stat -o ID,KEY,OWNER,GROUP,PERMS,SIZE,RSS,NATTCH,STATUS' ],
	[ 'stat -u' ],
	[ 'stat --json -o ID,KEY,SIZE' ],
	[ 'stat --tsv --sort SIZE -o ID,KEY,SIZE' ],
	[ 'stat 0 1', loose => 1 ],
	[ 'stat --json 0', loose => 1 ],
	[ 'stat -P', loose => 1, any => 1 ],
	[ 'stat -o +PROCS', loose => 1, any => 1 ],
	[ 'stat -P --json', loose => 1, any => 1 ],
	[ 'stat -c --tsv' ],
	[ 'stat --stale --idle 0', loose => 1, any => 1 ],
	[ 'stat --all-ns', loose => 1, any => 1 ],
	[ 'rm 0' ],
	[ 'rm -v 0x4d2' ],
	[ 'rm 1', status => 5, loose => 1 ],
	[ 'rm -f 1', loose => 1 ],
	[ 'rm -f 77' ],
	[ 'rm -i 0' ],
	[ 'rm -fy --all -v', fewer => 1, loose => 1, any => 1 ],
	[ 'rm -y --unattached', fewer => 1, loose => 1, any => 1 ],
	[ 'rm -n 0 1', status => 5, loose => 1 ],
	[ 'rm -n --unattached --json', loose => 1, any => 1 ],
	[ 'rm -n --pid SELF', loose => 1 ],
	[ 'rm -n --stale', loose => 1 ],
	[ 'rm 0 1 --not --pid SELF --key 0x4d2', loose => 1 ],
	[ 'rm -y --save copies --unattached', fewer => 1, any => 1 ],
	[ 'set -m g+r 0' ],
	[ 'set -u root:root --lock 0' ],
	[ 'save copies 0', loose => 1 ],
	[ 'save -f copies 0', loose => 1 ],
	[ 'save copies 0 0', status => 5, fewer => 1, loose => 1 ],
	[ 'save -v --all copies', fewer => 1, any => 1, loose => 1 ],
	[ 'restore saved/SAVED.meta', loose => 1 ],
	[ 'restore --id -k 0x77 saved/SAVED', loose => 1, scrap => 1 ],
	[ 'limits' ],
	[ 'limits -m --human' ],
	[ 'limits --json', loose => 1 ],
	[ 'limits -l -b' ],
	[ 'limits --usage', loose => 1 ],
	[ 'limits --usage --json', loose => 1 ],
	[ 'limits --check', any => 1, plugin => 1, loose => 1 ],
	[ 'limits --prometheus', any => 1, loose => 1 ],
	[ 'limits --prometheus --all-ns', loose => 1 ],
	[ 'limits --advise=postgresql --ram 32G' ],
	[ 'limits --advise', loose => 1 ],
	[ 'limits --set shmmni=5000 --persist=sysctl.conf', loose => 1 ],
	[ 'limits --set shmmax=1G shmmni=99999999', status => 1 ],
	[ '--ns SELF limits -m' ],
	[ 'create -s 8K /new' ],
	[ 'create -s 8K -m 0640 -u :0 -v /new' ],
	[ 'create -s 8K --no-reserve /new' ],
	[ 'create -i in /new' ],
	[ 'create -i /proc/version /new' ],
	[ 'create -s 4K -e -v /object' ],
	[ 'create -s 4K /object', status => 5, loose => 1 ],
	[ 'create -i in /new -- cat /proc/self/comm', foreign => 1 ],
	[ 'attach -t 0 /object', loose => 1 ],
	[ 'attach /object -- cat /proc/self/comm', foreign => 1, loose => 1 ],
	[ 'write -f in /object' ],
	[ 'write -o 1K -zx /object' ],
	[ 'write /object', stdin => 'in' ],
	[ 'read /object' ],
	[ 'read -O out /object' ],
	[ 'read -x -n 1K /object' ],
	[ 'stat --kind posix -o ID,OWNER,PERMS,SIZE,RSS', any => 1 ],
	[ 'stat --kind posix', loose => 1, any => 1 ],
	[ 'stat /object', loose => 1, any => 1 ],
	[ 'stat --json /object', loose => 1, any => 1 ],
	[ 'stat -P --kind posix', loose => 1, any => 1 ],
	[ 'stat -u --kind all', loose => 1, any => 1 ],
	[ 'stat --all-ns --kind posix', loose => 1, any => 1 ],
	[ '--ns WORLD stat --kind posix -o ID,SIZE', any => 1 ],
	[ '--ns WORLD create -s 8K /new' ],
	[ 'set -m g+r /object' ],
	[ 'set -u root:root -s 128K /object' ],
	[ 'set -s 4K /object' ],
	[ 'set -s 1 /used', status => 5, loose => 1 ],
	[ 'rm -v /object' ],
	[ 'rm /used', status => 5, loose => 1 ],
	[ 'rm -f /used', loose => 1 ],
	[ 'rm -y --name o*' ],
	[ 'rm -y -v --kind posix --unattached', fewer => 1, loose => 1,
	    any => 1 ],
	[ 'rm -n --kind posix', loose => 1, any => 1 ],
	[ 'rm -y --save copies --name o*', fewer => 1, loose => 1 ],
	[ 'save copies /object', loose => 1 ],
	[ 'save -f copies /object', loose => 1 ],
	[ 'restore saved/OBJECT', loose => 1 ],
	[ 'restore --as /new saved/OBJECT.meta', loose => 1 ],
	[ 'restore --as /new saved/SAVED', loose => 1 ],
	[ 'restore -k 0x77 saved/OBJECT', loose => 1 ],
	[ 'help create' ],
);

# perl has no names for these.
sub call {
	my ($name, @args) = @_;
	my %numbers = (
		x86_64 => { unshare => 272, prctl => 157, mount => 165 },
		aarch64 => { unshare => 97, prctl => 167, mount => 40 },
		i686 => { unshare => 310, prctl => 172, mount => 21 },
	);
	my $number = $numbers{(uname())[4]}{$name} or
	    die "$name: which number?\n";
	syscall($number, @args) == 0 or die "$name: $!\n";
}

# CLONE_NEWIPC and CLONE_NEWNS; then MS_REC and MS_PRIVATE.
sub new_namespaces {
	my ($none, $root, $tmpfs, $shm) = ('none', '/', 'tmpfs', '/dev/shm');

	call('unshare', 0x08020000);
	call('mount', $none, $root, 0, 0x44000, 0);
	call('mount', $tmpfs, $shm, $tmpfs, 0, 0);
}

sub become_subreaper { call('prctl', 36, 1, 0, 0, 0) }

sub slurp {
	my ($file) = @_;
	open(my $fh, '<', $file) or return '';
	local $/;
	return scalar <$fh>;
}

sub spill {
	my ($file, $text) = @_;
	open(my $fh, '>', $file) or die "$file: $!\n";
	print $fh $text;
	close($fh) or die "$file: $!\n";
}

# id => nattch, of this namespace; and the files in its /dev/shm.
sub segments {
	my %found;
	open(my $fh, '<', '/proc/sysvipc/shm') or die "sysvipc: $!\n";
	<$fh>;
	while (<$fh>) {
		my @f = split;
		$found{$f[1]} = $f[6];
	}
	$found{s|^/dev/shm||r} = 0 for glob('/dev/shm/* /dev/shm/.??*');
	return \%found;
}

sub files {
	my ($dir) = @_;
	my @found;
	for my $path (glob("$dir/* $dir/.??* $dir/*/* $dir/*/.??*")) {
		(my $name = $path) =~ s|^\Q$dir\E/||;
		# Time and tag of what was saved differ in each world.
		$name =~ s/-\d{8}T\d{6}Z-[0-9a-f]{8}//;
		push @found, $name;
	}
	return join(' ', sort @found);
}

# A process that has segment 1 attached, and /used open, until we are gone, and
# is no child of ours: those that are left to us will be the command's.
sub hold {
	my ($id) = @_;
	pipe(my $in, my $ready) or die "pipe: $!\n";
	pipe(my $end, my $alive) or die "pipe: $!\n";
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0) {
		POSIX::_exit(0) if fork();
		close($_) for $in, $alive;
		$0 = "a\tholder";
		shmat($id, undef, 0) or die "shmat: $!\n";
		open(my $used, '<', '/dev/shm/used') or die "used: $!\n";
		syswrite($ready, 'x');
		sysread($end, my $none, 1);
		POSIX::_exit(0);
	}
	waitpid($pid, 0);
	close($_) for $ready, $end;
	sysread($in, my $byte, 1) == 1 or die "no holder\n";
	return $alive;
}

# The world each run finds; the holder lives as long as what is returned.
sub furnish {
	my ($dir) = @_;
	new_namespaces();
	spill('/dev/shm/object', pack('N*', 1 .. 16384));
	spill('/dev/shm/used', 'used');
	my $first = shmget(0x4d2, 65536, IPC_CREAT | 0600) // die "shmget: $!\n";
	shmwrite($first, pack('N*', 1 .. 4096), 0, 16384) or die "shmwrite\n";
	my $second = shmget(IPC_PRIVATE, 4096, 0600) // die "shmget: $!\n";
	shmwrite($second, 'private', 0, 7) or die "shmwrite\n";
	my $set = semget(0x5e, 1, IPC_CREAT | 0600) // die "semget: $!\n";
	semop($set, pack('s!3', 0, 1, 0)) or die "semop: $!\n";
	spill("$dir/in", pack('N*', 1 .. 2048));
	make_path("$dir/copies");
	return hold($second);
}

# Runs shmtool: its wait status, or -1 if it hung, how long it took, and
# whether a process of it is left a while after, wherever it went.
#	env	more environment, by name
#	child	called in the child, before it becomes shmtool
#	parent	called with its pid
sub run_command {
	my ($dir, $command, $counts, %how) = @_;
	# What is said goes to a pipe, which no limit cuts off.
	pipe(my $said, my $err) or die "pipe: $!\n";
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0) {
		setpgrp(0, 0);
		chdir($dir) or die "$dir: $!\n";
		open(STDIN, '<', $command->{stdin} // '/dev/null');
		open(STDOUT, '>', '../out');
		open(STDERR, '>&', $err);
		@ENV{keys %{$how{env}}} = values %{$how{env}};
		$ENV{LD_PRELOAD} = $preload;
		$ENV{FAULT_COUNTS} = $counts;
		$how{child}->() if $how{child};
		my $world = getppid();
		exec($shmtool, map { s/\bWORLD\b/$world/r }
		    @{$command->{argv}}) or POSIX::_exit(99);
	}
	close($err);
	my $hung = 0;
	local $SIG{ALRM} = sub { $hung = 1; kill('KILL', -$pid, $pid) };
	alarm($limit);
	my $start = time();
	$how{parent}->($pid) if $how{parent};
	waitpid($pid, 0);
	my $status = $?;
	my $seconds = time() - $start;
	alarm(0);
	# What has been told to end may need a moment.
	my $left = 1;
	for (1 .. 200) {
		1 while ($left = waitpid(-1, WNOHANG)) > 0;
		last if $left == -1;
		sleep(0.005);
	}
	kill('KILL', -$pid) if $left != -1;
	$said->blocking(0);
	sysread($said, my $text, 65536);
	spill("$dir/../err", $text // '');
	return ($hung ? -1 : $status, $seconds, $left == -1 ? 0 : 1);
}

# One run in a world of its own: what came of it.
sub try {
	my ($work, $command, %how) = @_;
	my $dir = "$work/dir";
	remove_tree($dir);
	make_path($dir);
	symlink("$top/$_", "$dir/$_") for qw(saved large);
	spill("$work/counts", "\0" x 4096);
	pipe(my $in, my $out) or die "pipe: $!\n";
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0) {
		close($in);
		my $holder = furnish($dir);
		$command->{furnish}->() if $command->{furnish};
		become_subreaper();
		my $before = segments();
		my @how = run_command($dir, $command,
		    "$work/counts", %how);
		my $after = segments();
		my @attached = grep { $after->{$_} > ($before->{$_} // 0) }
		    sort keys %$after;
		syswrite($out, join("\n", @how,
		    join(' ', sort keys %$before),
		    join(' ', sort keys %$after), "@attached"));
		POSIX::_exit(0);
	}
	close($out);
	my $answer = do { local $/; <$in> };
	waitpid($pid, 0);
	die "the world could not be made\n" unless defined $answer && $answer;
	my %seen;
	@seen{qw(status seconds left before after attached)} = split /\n/, $answer, -1;
	$seen{files} = files($dir);
	$seen{out} = slurp("$work/out");
	$seen{err} = slurp("$work/err");
	my @counts = unpack('L*', slurp("$work/counts"));
	my @calls = calls();
	$seen{counts} = [ @counts[0 .. $#calls] ];
	@seen{qw(struck moments sins)} = @counts[$#calls + 1 .. $#calls + 3];
	return \%seen;
}

sub status_of {
	my ($seen) = @_;
	return 'hangs' if $seen->{status} == -1;
	return 'signal ' . ($seen->{status} & 127) if $seen->{status} & 127;
	return $seen->{status} >> 8;
}

# What an open of ours may never be, as tests/fault/preload.c counts it.
sub sins {
	my ($seen) = @_;
	my @names = ('a descriptor not closed on exec',
	    'a file created that may have been there',
	    'a file created for others to read');
	return map { $names[$_] } grep { $seen->{sins} & 1 << $_ } 0 .. $#names;
}

sub words {
	return { map { $_ => 1 } split / /, $_[0] };
}

# Whether there is a message: of ours, or of the COMMAND.
sub said {
	my ($command, $seen) = @_;
	my $text = $seen->{err};

	return 1 if $command->{foreign} && $seen->{status} > 128 << 8;
	$text .= $seen->{out} if $command->{plugin};
	return $text =~ ($command->{foreign} ? qr/^\w+: /m : $command->{plugin} ?
	    qr/./ : qr/^shmtool: /m);
}

# What is wrong with a disturbed run, beside the undisturbed one.
#	differs	the output may be another
#	signal	the number of one that may have ended it
#	leaves	called for a new segment or file, may say that it is allowed
#	mute	no message can be seen
#	check	called with what was seen, for more that is wrong
sub verdict {
	my ($command, $clean, $seen, %may) = @_;
	my $status = $seen->{status};
	my $ended = defined $may{signal} && ($status & 127) == $may{signal};
	my @wrong;

	return ('hangs') if $status == -1;
	return ('dies of signal ' . ($status & 127))
	    if $status & 127 && !$ended;
	$status >>= 8;
	push @wrong, "status $status" if $status > 6 && !$command->{foreign};
	push @wrong, 'the command line is blamed'
	    if !$ended && $status == 2 && $clean->{status} >> 8 != 2;
	push @wrong, "status $status without a message"
	    if !$ended && $status != 0 && $status != $clean->{status} >> 8 &&
	    !$may{mute} && !said($command, $seen);
	push @wrong, 'a sanitizer speaks' if $seen->{err} =~ /Sanitizer/;
	push @wrong, 'a process left' if $seen->{left};
	push @wrong, "attached: $seen->{attached}" if $seen->{attached};
	push @wrong, sins($seen);
	push @wrong, $may{check}->($seen) if $may{check};
	if ($seen->{status} == $clean->{status}) {
		push @wrong, 'other segments than undisturbed'
		    if $seen->{after} ne $clean->{after} && !$may{fewer};
		push @wrong, 'other files than undisturbed'
		    if $seen->{files} ne $clean->{files} && !$may{fewer};
		push @wrong, 'another output, and nothing said'
		    if $seen->{out} ne $clean->{out} && $seen->{err} eq '' &&
		    !$command->{loose} && !$may{differs};
		return @wrong;
	}
	my ($before, $done) = map { words($_) } $seen->{before},
	    $clean->{after};
	my $after = words($seen->{after});
	push @wrong, map { "segment left: $_" } grep { !$before->{$_} &&
	    !($may{leaves} && $may{leaves}->('segment', $_, $seen)) }
	    sort keys %$after;
	# What the undisturbed run removes may be gone, no other.
	push @wrong, 'segments gone'
	    if grep { !$after->{$_} && $done->{$_} } keys %$before;
	my $files = words($clean->{files});
	push @wrong, map { "file left: $_" } grep { !$files->{$_} &&
	    !($may{leaves} && $may{leaves}->('file', $_, $seen)) }
	    split / /, $seen->{files};
	return @wrong;
}

# The undisturbed run, or undef and told what is wrong with it.
sub undisturbed {
	my ($work, $command) = @_;
	my $clean = try($work, $command, $command->{endless} ? (parent =>
	    sub { sleep(0.1); kill('TERM', $_[0]) }) : ());

	return $clean if $command->{any} || $command->{endless} ||
	    $clean->{status} == ($command->{status} // 0) << 8;
	report($command, 'undisturbed', $clean,
	    'status ' . status_of($clean));
	return undef;
}

sub report {
	my ($command, $what, $seen, @wrong) = @_;
	(my $err = $seen->{err}) =~ s/\n/ | /g;
	print "shmtool $command->{name}: $what: ", join('; ', @wrong),
	    " [$err]\n";
}

# Runs one command undisturbed and then as disturb says, which is given the
# undisturbed run and a function that tries once more and judges:
# $again->(WHAT, how of try, may of verdict).  [tried, survived].
sub torment {
	my ($work, $command, $disturb) = @_;
	my ($tried, $survived) = (0, 0);
	my $clean = undisturbed($work, $command) or return (1, 0);

	$disturb->($clean, sub {
		my ($what, $how, $may) = @_;
		my $seen = try($work, $command, %$how);
		my @wrong = verdict($command, $clean, $seen, %$may);
		$tried++;
		$survived++ unless @wrong;
		report($command, $what, $seen, @wrong) if @wrong;
		return $seen;
	});
	return ($tried, $survived);
}

# "create -s 8K" as a table entry; SELF is ourselves, WORLD a process in the
# world of the run, SAVED, LARGE and OBJECT what was saved.
sub prepare {
	my ($line, %options) = @_;
	my @argv = split / /, $line;
	s/\bSELF\b/$$/, s/\bSAVED\b/$base/, s/\bLARGE\b/$large/,
	    s/\bOBJECT\b/$object/ for @argv;
	return { name => $line, argv => \@argv, %options };
}

# The command lines that match the pattern: ours, or those given.
sub commands {
	my @lines = @_ ? @_ : @commands;
	return grep { !@pattern || $_->{name} =~ /$pattern[0]/ }
	    map { prepare(@$_) } @lines;
}

# The calls that the preload knows, in its order.
my @calls;
sub calls {
	@calls = split /\n/, `FAULT_NAMES=1 LD_PRELOAD=$preload /bin/true`
	    unless @calls;
	return @calls;
}

# A segment saved, or the object of a name, for restore, by a run in a namespace
# of its own: the name of the pair.
sub save_one {
	my ($key, $size, $name) = @_;
	my $pid = fork() // die "fork: $!\n";
	if ($pid == 0) {
		new_namespaces();
		# An id that is free in the world of each run.
		shmget(IPC_PRIVATE, 1, 0600) for 1 .. 2;
		my $id = shmget($key, $size, IPC_CREAT | 0600);
		shmwrite($id, 'saved', 0, 5);
		open(STDOUT, '>', '/dev/null');
		open(STDERR, '>', '/dev/null');
		spill("/dev/shm/$name", 's' x $size) if defined $name;
		exec($shmtool, 'save', $saved, defined $name ? "/$name" :
		    $id) or POSIX::_exit(99);
	}
	waitpid($pid, 0);
	my ($file) = glob(defined $name ? "$saved/$name-*.meta" :
	    sprintf("$saved/*-0x%08x-*.meta", $key));
	return defined $file ? $file =~ s|.*/(.*)\.meta$|$1|r : 'none';
}

# Not only in a user namespace of our own.
sub is_root {
	return $> == 0 && (split ' ', slurp('/proc/self/uid_map'))[2] > 1;
}

# Takes BUILD and PATTERN; without root all is done in a user namespace.
sub begin {
	($build, @pattern) = @ARGV;
	exec('unshare', '-Ur', '--ipc', '--mount', $^X, $0, @ARGV) if $> != 0;
	delete @ENV{qw(FAULT FAULT_COUNTS)};
	# A shell ignores some for what it puts into the background.
	$SIG{$_} = 'DEFAULT' for qw(HUP INT QUIT PIPE TERM);
	$shmtool = "$build/shmtool";
	$preload = "$build/tests/fault/preload.so";
	$top = tempdir('shmtool-fault.XXXXXX', TMPDIR => 1,
	    CLEANUP => 1);
	$saved = "$top/saved";
	mkdir($saved) or die "$saved: $!\n";
	spill("$top/large", 'large' x 1677721);
	$base = save_one(0x51, 8192);
	$large = save_one(0x52, 8 << 20);
	$object = save_one(0x53, 8192, 'old');
	$| = 1;
}

# Two workers take each second of the list, and torment it.  Prints how many
# runs of that kind there were, and returns whether one did not survive.
sub work_off {
	my ($kind, $todo, $one) = @_;
	pipe(my $figures, my $write) or die "pipe: $!\n";
	for my $worker (0 .. $jobs - 1) {
		next if fork() // die "fork: $!\n";
		my $work = "$top/$worker";
		make_path($work);
		for my $i (grep { $_ % $jobs == $worker } 0 .. $#$todo) {
			my @sum = $one->($work, $todo->[$i]);
			syswrite($write, "@sum\n");
		}
		POSIX::_exit(0);
	}
	close($write);
	my ($tried, $survived, $finished) = (0, 0, 0);
	while (<$figures>) {
		$finished++;
		my ($t, $s) = split;
		$tried += $t;
		$survived += $s;
	}
	1 while wait() != -1;
	print "$tried $kind tried, $survived survived, over ",
	    scalar(@$todo), " commands\n";
	die "only $finished commands came to their end\n"
	    if $finished != @$todo;
	return $tried == 0 || $tried != $survived;
}

1;
