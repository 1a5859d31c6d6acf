# SPDX-License-Identifier: MIT
#
# Sourced by bench.sh: deciding on one promotion where there are NOTES notes
# and TAGS tags, the artifact's own history being one of many; and what each
# signature adds.
NOTES=${NOTES:-100000} TAGS=${TAGS:-20000}

echo "gate: $NOTES notes, $TAGS tags"
history gate notes "$NOTES"

# gate_commit <file in .gitmodel>...: into main
gate_commit () {
	for file
	do
		blob=$(git -C gate.git hash-object -w "$W/gate.d/$file") &&
		git -C gate.git update-index --add --cacheinfo \
			"100644,$blob,.gitmodel/$file" || die "no $file"
	done
	tree=$(git -C gate.git write-tree) &&
	commit=$(git -C gate.git commit-tree -p main -m gate "$tree") &&
	git -C gate.git update-ref refs/heads/main "$commit" || die "no commit"
}

ssh-keygen -q -t ed25519 -N '' -f gate.key </dev/null || die "no key"
git config --global gpg.format ssh
git config --global user.signingkey "$PWD/gate.key.pub"
mkdir gate.d && cat >gate.d/config <<EOT
[repository]
id = bench
[metric "auc"]
direction = up
[artifact "m"]
path = models/m.bin
EOT
cat >gate.d/policy <<EOT
[group "leads"]
member = bench@example.com
[stage "production"]
metric = auc >= 0.1
require-stage = staging
no-regression = auc margin 0.5 vs current
same-eval = false
max-size = 1GiB
reachable-from = refs/heads/main
EOT
echo "bench@example.com namespaces=\"git-model-approval@v1,git\" $(cut -d ' ' \
	-f 1,2 gate.key.pub)" >gate.d/allowed_signers
git -C gate.git read-tree main || die "no index"
gate_commit config policy allowed_signers

# 100 versions of each artifact, half of the tags their stages.
perl -e '
	my ($commit, $tags) = @ARGV;
	my @of = ("m", map { sprintf "other-%04d", $_ } 1 .. $tags / 100);
	my $n = 0;
	for my $a (@of) {
		for my $i (1 .. 50) {
			last if $n >= $tags;
			my $stage = $i % 2 ? "staging" : "production";
			my $text = "x\n\nModel-Artifact: $a\n" .
				"Model-Version: v1.$i.0\n";
			for my $t ("$a\@v1.$i.0", "$a#$stage#$i") {
				printf "tag %s\nfrom %s\ntagger b <b\@c> " .
					"1700000000 +0000\ndata %d\n%s\n",
					$t, $commit, length $text, $text;
				$n++;
			}
		}
	}' "$(git -C gate.git rev-parse main)" "$TAGS" |
	git -C gate.git fast-import --quiet || die "no tags"
git -C gate.git gc -q >>hyperfine.log 2>&1 || die "no gc"

there gate.git check $((FAST * 2)) \
	git-model check --stage production m@v1.49.0
# With that many approvals, each by its own signature.
signatures=10
for i in $(seq $signatures)
do
	(cd gate.git && git-model approve --stage production m@v1.49.0 \
		--reason "$i") >>hyperfine.log 2>&1 || die "no approval"
done
there gate.git check-signed $((FAST * 2)) \
	git-model check --stage production m@v1.49.0
met=no
is "$(med check) <= 0.050" && met=yes
row "check with $NOTES notes, $TAGS tags" "<= 50 ms" "$(ms "$(med check)")" $met
each=$(calc "($(med check-signed) - $(med check)) / $signatures") met=no
is "$each <= 0.015" && met=yes
row "check, each signature more" "<= 15 ms" "$(ms "$each")" $met
git config --global --unset user.signingkey
git config --global --unset gpg.format
rm -rf gate.git gate.key gate.key.pub gate.d
