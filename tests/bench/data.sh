#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: data.sh small <folder> <count>	files of 2-50 KB, half of them text
#	 data.sh q8 <file> <bytes>	a GGUF whose only tensor is Q8_0
#
# Made-up data that mv-test does not make; the same every time.
set -e
case "$1" in
small)
	# At most 26 KB on average, in 100 folders.
	mv-test random "$(($3 * 26 + 64))k" 7 | perl -e '
		my ($dir, $count) = @ARGV;
		my ($n, $raw) = (42);
		mkdir $dir or die;
		for my $i (0 .. $count - 1) {
			my $sub = sprintf("%s/%02d", $dir, $i % 100);
			$n = ($n * 1103515245 + 12345) % 2147483648;
			my $size = 2048 + ($n >> 8) % 49152;
			mkdir $sub unless -d $sub;
			open(my $f, ">", "$sub/$i.dat") or die;
			if ($i % 2) {
				read(STDIN, $raw, $size / 2) or die;
				print $f unpack("H*", $raw);
			} else {
				read(STDIN, $raw, $size) or die;
				print $f $raw;
			}
			close($f) or die;
		}' "$2" "$3" ;;
q8)
	# Blocks of a half-precision scale and 32 signed bytes whose largest
	# is 127: close to uniform, a little denser in the middle.
	mv-test random "$(($3 + 64))" 8 | perl -e '
		my ($path, $size) = @ARGV;
		my $blocks = int(($size - 128) / 34);
		my $raw;
		open(my $f, ">", $path) or die;
		my $head = "GGUF" . pack("VQ<Q<", 3, 1, 0) .
			pack("Q</a*", "w") . pack("VQ<VQ<", 1, $blocks * 32,
						  8, 0);
		print $f $head, "\0" x (-length($head) % 32);
		my @map = map { int(127 * ($_ < 128 ? -1 : 1) *
			(abs($_ - 127.5) / 127.5) ** 1.3) } 0 .. 255;
		my $map = pack("c*", @map);
		while ($blocks > 0) {
			my $n = $blocks < 8192 ? $blocks : 8192;
			read(STDIN, $raw, $n * 34) == $n * 34 or die;
			my @v = unpack("(a34)*", $raw);
			for (@v) {
				my ($lo, $hi) = unpack("CC", $_);
				$_ = pack("CC", $lo, 0x1c | $hi & 3) .
					pack("c*", @map[unpack("x2C32", $_)]);
			}
			print $f @v;
			$blocks -= $n;
		}
		close($f) or die;' "$2" "$3" ;;
*)
	sed -n 4,5p "$0" >&2
	exit 129 ;;
esac
