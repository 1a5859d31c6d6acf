#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='what is a Git LFS pointer: git-lfs and we say the same'
. ./lib-test.sh

oid=7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730
version=https://git-lfs.github.com/spec/v1

# verdict <ours | theirs> <file>: what clean makes of it. "same" bytes, the
# same "pointer" in canonical form, or "content" that gets an oid of its own.
verdict () {
	case $1 in
	ours)
		git -c filter.lfs.process='git-model filter-process --lfs' \
			-c filter.lfs.required=true hash-object -w \
			--path=x.bin "$2" >blob ;;
	theirs)
		git lfs clean x.bin <"$2" >blob.text &&
		git hash-object -w --no-filters blob.text >blob ;;
	esac || { echo error; return; }
	git cat-file -p "$(cat blob)" >text
	if cmp -s "$2" text
	then
		echo same
	elif grep -q "^oid sha256:$oid" text
	then
		echo pointer
	else
		echo content
	fi
}

# A pointer stays as it is written, with both; neither may take it for content
# when the other does not.
agree () {
	ours=$(verdict ours "$1")
	theirs=$(verdict theirs "$1")
	echo "ours: $ours, theirs: $theirs"
	case "$ours $theirs" in
	'content content' | 'same same')
		return 0 ;;
	esac
	return 1
}

test_expect_success 'a repository' '
	git init -q r && cd r && git lfs install --local &&
	echo "*.bin filter=lfs -text" >.gitattributes
'

# looks <title> <printf format>
looks () {
	test_expect_success "$1" '
		cd r && printf "$text" >file && agree file
	'
}

while IFS='|' read -r title text
do
	looks "$title"
done <<EOF
canonical|version $version\noid sha256:$oid\nsize 4\n
no LF at the end|version $version\noid sha256:$oid\nsize 4
CR LF|version $version\r\noid sha256:$oid\r\nsize 4\r\n
LF before it|\nversion $version\noid sha256:$oid\nsize 4\n
empty lines in it|version $version\n\noid sha256:$oid\n\nsize 4\n\n
space after the size|version $version\noid sha256:$oid\nsize 4 \n
size +4|version $version\noid sha256:$oid\nsize +4\n
size 0004|version $version\noid sha256:$oid\nsize 0004\n
NBSP around it|\302\240version $version\noid sha256:$oid\nsize 4\302\240
U+0085 after it|version $version\noid sha256:$oid\nsize 4\n\302\205\n
U+2028 after it|version $version\noid sha256:$oid\nsize 4\342\200\250
half a NBSP after it|version $version\noid sha256:$oid\nsize 4\240
NBSP in it|version $version\noid sha256:$oid\302\240\nsize 4\n
hawser|version https://hawser.github.com/spec/v1\noid sha256:$oid\nsize 4\n
git-media|version http://git-media.io/v/2\noid sha256:$oid\nsize 4\n
an extension|version $version\next-0-foo sha256:$oid\noid sha256:$oid\nsize 4\n
two extensions|version $version\next-0-a sha256:$oid\next-1-b sha256:$oid\noid sha256:$oid\nsize 4\n
an extension out of place|version $version\noid sha256:$oid\next-0-foo sha256:$oid\nsize 4\n
1023 bytes|version $version\noid sha256:$oid\nsize 4\n%896s
1024 bytes|version $version\noid sha256:$oid\nsize 4\n%897s
an unknown key|version $version\noid sha256:$oid\nsize 4\nx y\n
an extension after size|version $version\noid sha256:$oid\nsize 4\next-0-foo sha256:$oid\n
ext-10|version $version\next-10-foo sha256:$oid\noid sha256:$oid\nsize 4\n
two of one priority|version $version\next-0-a sha256:$oid\next-0-b sha256:$oid\noid sha256:$oid\nsize 4\n
an extension without sha256|version $version\next-0-foo abc\noid sha256:$oid\nsize 4\n
oid and size swapped|version $version\nsize 4\noid sha256:$oid\n
another hash|version $version\noid blake3:$oid\nsize 4\n
a negative size|version $version\noid sha256:$oid\nsize -4\n
a size of 2^63|version $version\noid sha256:$oid\nsize 9223372036854775808\n
a size of 2^63 - 1|version $version\noid sha256:$oid\nsize 9223372036854775807\n
two spaces|version $version\noid  sha256:$oid\nsize 4\n
no size|version $version\noid sha256:$oid\n
a byte order mark|\357\273\277version $version\noid sha256:$oid\nsize 4\n
version v2|version https://git-lfs.github.com/spec/v2\noid sha256:$oid\nsize 4\n
any text|version control is nice\n
EOF

test_expect_success 'upper-case oid' '
	cd r &&
	up=$(echo $oid | tr a-f A-F) &&
	printf "version $version\noid sha256:$up\nsize 4\n" >file &&
	agree file
'

# To git-lfs it is content like any other; we never store a pointer as that.
test_expect_success 'a native pointer stays one' '
	cd r &&
	printf "git-model/1\noid sha256:$oid\nsize 4\n" >file &&
	test "$(verdict ours file)" = same
'

test_expect_success 'the verdicts are not all the same' '
	cd r &&
	printf "version $version\noid sha256:$oid\nsize 4\n" >file &&
	test "$(verdict ours file)" = same &&
	echo text >file &&
	test "$(verdict ours file)" = content &&
	test "$(verdict theirs file)" = content
'

test_done
