#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# usage: blocks.pl <file.md>
#
# Runs the command blocks of a text exactly as they stand there, in one shell
# that starts in the current folder, and compares what they print. TAP on
# standard output: a test for each command.
#
# A block is indented by four blanks. Its commands begin with "$ "; a line
# that ends in a backslash, | or &&, and a here-document, go on below. What follows a
# command is what it prints, on both of its outputs: word for word, but that
# lines may be wrapped for the page, and that these stand for themselves:
#
#	...		anything, also nothing
#	c0a8c12		any other hexadecimal number of as many digits or more
#	2026-11-21	any other day
#
# A command without output below it may print whatever it likes. One whose
# output has a refusal in it ("no: ", "error: ", "fatal: ", "! [") must fail;
# every other must not. A block without "$ " is no session: it is left to
# other tests, which blocks.pl --plain <file.md> tells of.
use strict;
use warnings;

my $plain = @ARGV && $ARGV[0] eq "--plain" && shift;
my $file = shift or die "usage: blocks.pl [--plain] <file.md>\n";
open my $in, "<", $file or die "$file: $!\n";

# -- the blocks --
my (@blocks, $block, $blank);
while (my $line = <$in>) {
	chomp $line;
	if ($line =~ /^    (.*)/) {
		if (!$block || $blank > 1) {
			push @blocks, $block = { line => $., text => [] };
		} elsif ($blank) {
			push @{$block->{text}}, "";
		}
		push @{$block->{text}}, $1;
		$blank = 0;
	} elsif ($line =~ /^\s*$/) {
		$blank++;
	} else {
		undef $block;
		$blank = 0;
	}
}
my @sessions = grep { grep { /^\$ / } @{$_->{text}} } @blocks;
if ($plain) {
	my %session = map { $_ => 1 } @sessions;

	for my $b (grep { !$session{$_} } @blocks) {
		print "$_\n" for @{$b->{text}};
	}
	exit 0;
}

# -- the commands --
my @commands;
my $goes_on = qr/(\\|\||&&)$/;
for my $b (@sessions) {
	my ($number, $end, $open, $c) = ($b->{line} - 1);

	for my $line (@{$b->{text}}) {
		$number++;
		if (defined $end) {
			$c->{command} .= "$line\n";
			undef $end if $line eq $end;
		} elsif ($open) {
			$c->{command} .= "$line\n";
			$open = $line =~ $goes_on;
		} elsif ($line =~ /^\$ (.*)/) {
			push @commands, $c = { line => $number,
				command => "$1\n", output => [] };
			$open = $line =~ $goes_on;
			$end = $1 if $line =~ /<<-?\s*\\?'?(\w+)'?/;
		} elsif ($c) {
			push @{$c->{output}}, $line;
		} else {
			die "$file:$number: no command before this\n";
		}
	}
}
@commands or die "$file: there is no command in it\n";

# -- comparing --
sub pattern {
	my $words = join " ", map { split } @_;
	my @parts = map {
		my $p = quotemeta $_;

		# quotemeta put a backslash before every dash
		$p =~ s/\b\d{4}\\-\d\d\\-\d\d\b/\\d{4}-\\d\\d-\\d\\d/g;
		$p =~ s/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b/
			"[0-9a-f]{7,}"/gex;
		$p =~ s/\\ /\\s+/g;
		$p;
	} split /\s*(?<!\S)\.\.\.(?!\S)\s*/, $words, -1;

	return qr/^\s*@{[join "(?:.*)", @parts]}\s*$/s;
}

sub refuses {
	return grep { /^(no|error|fatal): |^ *! \[|^remote: error/ } @_;
}

# -- running: one shell, which says after each command how it ended --
my $mark = "blocks.pl-$$-end";
pipe my $shell_in, my $to_shell or die;
pipe my $from_shell, my $shell_out or die;
my $pid = fork // die "fork: $!\n";
if (!$pid) {
	close $to_shell;
	close $from_shell;
	open STDIN, "<&", $shell_in or die;
	open STDOUT, ">&", $shell_out or die;
	open STDERR, ">&", STDOUT or die;
	exec "sh" or die;
}
close $shell_in;
close $shell_out;
select((select($to_shell), $| = 1)[0]);
$SIG{PIPE} = "IGNORE";

my ($n, $bad) = (0, 0);
for my $c (@commands) {
	my ($got, $status) = ("");

	# Commands read nothing: what follows is the shell's to read.
	print $to_shell "{ $c->{command}} </dev/null\n" .
		"printf '\\n%s %s\\n' $mark \$?\n";
	while (my $line = <$from_shell>) {
		if ($line =~ /^\Q$mark\E (\d+)$/) {
			$status = $1;
			last;
		}
		$got .= $line;
	}
	my @out = @{$c->{output}};
	my $must_fail = refuses(@out) ? 1 : 0;
	my $why = !defined $status ? "the shell ended" :
		!$status == $must_fail ?
		"exit code $status, and it " .
		($must_fail ? "should be refused" : "should not fail") :
		@out && $got !~ pattern(@out) ? "it printed something else" :
		"";
	(my $title = $c->{command}) =~ s/\s+/ /g;
	$title =~ s/#/\\#/g;
	$n++;
	print $why ? "not " : "", "ok $n - $file:$c->{line}: $title\n";
	next if !$why;
	$bad++;
	print "# $why\n";
	print "# expected: $_\n" for @out;
	print "# printed:  $_\n" for split /\n/, $got;
	last if !defined $status;
}
print "1..$n\n";
close $to_shell;
waitpid $pid, 0;
exit($bad ? 1 : 0);
