# SPDX-License-Identifier: MIT
#
# usage: history.pl <repository> long <commits> [<every>]
#        history.pl <repository> many <artifacts> | pair <artifacts> | notes <n>
#
# A bare repository full of pointers and of notes about them, for evidence.sh:
# `long` has one artifact, of which every so many commits (100) bring another
# version; `many` has many artifacts and as many commits, each of which brings
# another version of one of them; `pair` brings them all in one commit;
# `notes` has one artifact, and notes on many other pointers. Contents are
# made up: nobody reads them.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);

my ($repo, $kind, $n, $every) = @ARGV;
$every ||= 100;
my $name = 'A U Thor <author@example.com>';
my $serial = 0;

sub pointer {
	my $oid = sha256_hex($_[0]);
	return ($oid, "git-model/1\noid sha256:$oid\nsize 1048576\n");
}

# One record, as docs/format/records.md has it.
sub record {
	my ($artifact, $oid, $i) = @_;
	my $auc = sprintf '%.5f', 0.9 + ($i % 1000) / 20000;
	return sprintf('{"t":"2026-01-01T00:00:00.%03dZ","kind":"evidence",' .
		'"artifact":"%s","by":"%s","content":"sha256:%s",' .
		'"id":"%016x","metrics":{"auc":%s,"loss":%s},' .
		'"params":{"epochs":%d,"lr":0.001},"size":1048576}' . "\n",
		$i % 1000, $artifact, $name, $oid, ++$serial, $auc, 1 - $auc,
		$i % 90);
}

open my $in, '|-', 'git', '-C', $repo, 'fast-import', '--quiet',
	"--export-marks=marks" or die "git fast-import: $!";
my $mark = 0;
my @notes;			# [mark of the pointer, text]

sub blob {
	my ($text) = @_;
	$mark++;
	printf $in "blob\nmark :%d\ndata %d\n%s\n", $mark, length $text, $text;
	return $mark;
}
sub commit {
	my ($ref, $when, $message, $from) = @_;
	printf $in "commit %s\ncommitter %s %d +0000\ndata %d\n%s\n", $ref,
		$name, $when, length $message, $message;
}
sub version {
	my ($artifact, $seed, $i) = @_;
	my ($oid, $text) = pointer($seed);
	my $at = blob($text);
	push @notes, [$at, record($artifact, $oid, $i)];
	return $at;
}

my @artifacts = $kind =~ /many|pair/ ? map { sprintf 'a%05d', $_ } 1 .. $n : 'm';
my $config = blob(join '', "[metric \"auc\"]\ndirection=up\n",
	"[metric \"loss\"]\ndirection=down\n",
	map { "[artifact \"$_\"]\npath=models/$_.bin\n" } @artifacts);
my $commits = $kind eq 'long' ? $n : $kind eq 'many' ? $n + 1 :
	$kind eq 'pair' ? 2 : 1;
for my $c (1 .. $commits) {
	my @new = $c == 1 || $kind eq 'pair' ? (0 .. $#artifacts) :
		$kind eq 'many' ? ($c - 2) : $c % $every ? () : (0);
	my @at = map { version($artifacts[$_], "$artifacts[$_] $c", $c) } @new;
	my $code = blob("print($c)\n");

	commit('refs/heads/main', 1700000000 + 60 * $c, "version $c\n");
	print $in "M 100644 :$config .gitmodel/config\n" if $c == 1;
	print $in "M 100644 :$code train.py\n";
	print $in "M 100644 :$at[$_] models/$artifacts[$new[$_]].bin\n"
		for 0 .. $#new;
}
if ($kind eq 'notes') {
	version('other', "other $_", $_) for 2 .. $n;
}
close $in or die 'git fast-import failed';

open my $marks, '<', "$repo/marks" or die "marks: $!";
my %hex;
while (<$marks>) {
	$hex{$1} = $2 if /^:(\d+) ([0-9a-f]+)/;
}
# As git has them: a folder more for each 256-fold.
my $folders = @notes > 65536 ? 2 : @notes > 256 ? 1 : 0;
open $in, '|-', 'git', '-C', $repo, 'fast-import', '--quiet'
	or die "git fast-import: $!";
commit('refs/notes/model', 1700000000, "notes\n");
for (@notes) {
	my ($path, $text) = ($hex{$_->[0]}, $_->[1]);
	$path =~ s|^(..)(..)|$1/$2/| if $folders == 2;
	$path =~ s|^(..)|$1/| if $folders == 1;
	printf $in "M 100644 inline %s\ndata %d\n%s\n", $path, length $text,
		$text;
}
close $in or die 'git fast-import failed';
unlink "$repo/marks";
