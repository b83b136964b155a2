/* Strings, sequences, optionals and signals, computed. */
#include "ox_eval_test.h"

static const eval_row texts[] = {
    {20, "StringConcat(%a, %b)", "string[2,1]: 'a' '' | string[2]: 'x' 'y'", "string[2,2]: 'ax' 'ay' 'x' 'y'"},
    {20, "StringConcat(%a, %b)", "string[2]: 'a' 'b' | string[3]: 'x' 'y' 'z'", "!cannot be broadcast"},
    {20, "StringConcat(%a, %b)", "string[1]: 'a' | int64[1]: 1", "!holds no strings"},
    {20, "StringSplit[delimiter=\",\"](%a)", "string[2]: 'a,,b' ''",
     "string[2,3]: 'a' '' 'b' '' '' '' | int64[2]: 3 1"},
    {20, "StringSplit[maxsplit=1](%a)", "string[1]: '  a  b c '", "string[1,2]: 'a' 'b c' | int64[1]: 2"},
    {20, "StringSplit[delimiter=\"\"](%a)", "string[1]: '   '", "string[1,0]: | int64[1]: 0"},
    {20, "StringSplit[delimiter=\"aa\"](%a)", "string[]: 'xaaa'", "string[2]: 'x' 'a' | int64[]: 2"},
    {20, "StringSplit(%a)", "string[0]:", "string[0,0]: | int64[0]:"},
    {10, "StringNormalizer[case_change_action=\"UPPER\", stopwords=[\"B\"]](%a)", "string[3]: 'a' 'b' '\xc3\xa4'",
     "string[2]: 'A' '\xc3\x84'"},
    {10, "StringNormalizer[is_case_sensitive=1, stopwords=[\"B\"]](%a)", "string[2]: 'b' 'B'", "string[1]: 'b'"},
    {10, "StringNormalizer[case_change_action=\"LOWER\"](%a)", "string[1,1]: 'A\xff'", "string[1,1]: 'a\xff'"},
    {10, "StringNormalizer[stopwords=[\"a\"]](%a)", "string[1,1]: 'A'", "string[1,1]: ''"},
    {10, "StringNormalizer[case_change_action=\"TITLE\"](%a)", "string[1]: 'A'", "!none of NONE"},
    {10, "StringNormalizer(%a)", "string[2,1]: 'a' 'b'", "!neither [C] nor [1, C]"},
};

static const eval_row patterns[] = {
    {20, "RegexFullMatch[pattern=\"a+|b\"](%a)", "string[4]: 'aaa' 'b' 'ab' ''", "bool[4]: 1 1 0 0"},
    {20, "RegexFullMatch[pattern=\"(a|ab)(c|bcd)\"](%a)", "string[2]: 'abcd' 'abc'", "bool[2]: 1 1"},
    {20, "RegexFullMatch[pattern=\".\"](%a)", "string[3]: '\xc3\xa4' '\xff' '\n'", "bool[3]: 1 0 0"},
    {20, "RegexFullMatch[pattern=\"(?s).\"](%a)", "string[1]: '\n'", "bool[1]: 1"},
    {20, "RegexFullMatch[pattern=\"(?i:AB)\\\\d{2,}\"](%a)", "string[2]: 'aB12' 'ab1'", "bool[2]: 1 0"},
    {20, "RegexFullMatch[pattern=\"[[:alpha:]\\\\s]+\"](%a)", "string[3]: 'a b' 'a\v' 'a1'", "bool[3]: 1 0 0"},
    {20, "RegexFullMatch[pattern=\"\\\\S\\\\v\\\\S\"](%a)", "string[2]: 'a\vb' 'a b'", "bool[2]: 1 0"},
    {20, "RegexFullMatch[pattern=\"[\\\\S]\"](%a)", "string[2]: '\v' ' '", "bool[2]: 1 0"},
    {20, "RegexFullMatch[pattern=\"[]a-]+\"](%a)", "string[1]: ']a-'", "bool[1]: 1"},
    {20, "RegexFullMatch[pattern=\"\\\\Qa.b\\\\E+\"](%a)", "string[2]: 'a.bb' 'axb'", "bool[2]: 1 0"},
    {20, "RegexFullMatch[pattern=\"\\\\101\\\\60\"](%a)", "string[1]: 'A0'", "bool[1]: 1"},
    {20, "RegexFullMatch[pattern=\"x{,2}\"](%a)", "string[1]: 'x{,2}'", "bool[1]: 1"},
    {20, "RegexFullMatch[pattern=\"(?P<n>a)\"](%a)", "string[1]: 'a'", "bool[1]: 1"},
    {20, "RegexFullMatch[pattern=\"\"](%a)", "string[2]: '' 'a'", "bool[2]: 1 0"},
    {20, "RegexFullMatch[pattern=\"(a)\\\\1\"](%a)", "string[1]: 'aa'", "!escape that RE2"},
    {20, "RegexFullMatch[pattern=\"(?=a)a\"](%a)", "string[1]: 'a'", "!group that RE2"},
    {20, "RegexFullMatch[pattern=\"(?<=a)a\"](%a)", "string[1]: 'a'", "!look-behind"},
    {20, "RegexFullMatch[pattern=\"a++\"](%a)", "string[1]: 'a'", "!repeat of a repeat"},
    {20, "RegexFullMatch[pattern=\"(*ACCEPT)\"](%a)", "string[1]: 'a'", "!repeat of nothing"},
    {20, "RegexFullMatch[pattern=\"(\"](%a)", "string[1]: 'a'", "!the pattern is wrong"},
    {20, "RegexFullMatch[pattern=\"a\\\\\"](%a)", "string[1]: 'a'", "!at the end"},
    {20, "RegexFullMatch[pattern=\"(x+x+)+[yz]\"](%a)",
     "string[1]: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'", "!too long to match"},
};

#define GRAMS "mode=\"TF\", ngram_counts=[0, 2], ngram_indexes=[0, 2, 1], "
static const eval_row vectors[] = {
    {9,
     "TfIdfVectorizer[" GRAMS
     "max_gram_length=2, max_skip_count=1, min_gram_length=1, pool_strings=[\"a\", \"b\", \"a\", \"b\"]](%a)",
     "string[5]: 'a' 'x' 'b' 'a' 'b'", "float32[3]: 2 2 2"},
    {9,
     "TfIdfVectorizer[" GRAMS "max_gram_length=2, max_skip_count=0, min_gram_length=2, pool_int64s=[1, 2, 1, 2]](%a)",
     "int32[2,2]: 1 2 2 2", "float32[2,3]: 0 1 0 0 0 0"},
    {9,
     "TfIdfVectorizer[" GRAMS
     "max_gram_length=2, max_skip_count=9223372036854775806, min_gram_length=1, pool_int64s=[1, 2, 1, 2]](%a)",
     "int64[3]: 1 5 2", "float32[3]: 1 1 1"},
    {9,
     "TfIdfVectorizer[mode=\"IDF\", ngram_counts=[0], ngram_indexes=[1, 0], weights=[5., 7.], max_gram_length=1, "
     "max_skip_count=0, min_gram_length=1, pool_int64s=[3, 4]](%a)",
     "int64[3]: 3 3 9", "float32[2]: 0 5"},
    {9,
     "TfIdfVectorizer[mode=\"TFIDF\", ngram_counts=[0], ngram_indexes=[1, 0], weights=[5.], max_gram_length=1, "
     "max_skip_count=0, min_gram_length=1, pool_int64s=[3, 4]](%a)",
     "int64[1]: 3", "!1 weights for 2 n-grams"},
    {9, "TfIdfVectorizer[" GRAMS "max_gram_length=1, max_skip_count=0, min_gram_length=1, pool_int64s=[1]](%a)",
     "int64[1]: 1", "!do not fit the pool"},
    {9, "TfIdfVectorizer[" GRAMS "max_gram_length=1, max_skip_count=0, min_gram_length=2, pool_int64s=[1]](%a)",
     "int64[1]: 1", "!n-grams from 2 to 1"},
    {9, "TfIdfVectorizer[" GRAMS "max_gram_length=1, max_skip_count=0, min_gram_length=1, pool_int64s=[1]](%a)",
     "string[1]: 'a'", "!not of the pool's type"},
};

#define SEQUENCE "  %s : Tensor = onnx::SequenceConstruct(%a, %b)\n"
#define NODE(x) "  %y : Tensor = onnx::" x "\n"
#define EMPTY "  %s : Tensor = onnx::SequenceEmpty[dtype=7]()\n"
#define TWO "int64[1]: 1 | int64[2]: 2 3"
static const eval_row sequences[] = {
    {17, SEQUENCE NODE("SequenceLength(%s)"), TWO, "int64[]: 2"},
    {17, SEQUENCE NODE("SequenceAt(%s, %c)"), TWO " | int32[]: -1", "int64[2]: 2 3"},
    {17, SEQUENCE NODE("SequenceAt(%s, %c)"), TWO " | int64[]: 2", "!position 2 of 2"},
    {17, SEQUENCE NODE("SequenceInsert(%s, %a, %c)"), TWO " | int64[]: -1",
     "{int64[1]: 1; int64[1]: 1; int64[2]: 2 3}"},
    {17, SEQUENCE NODE("SequenceInsert(%s, %a)"), TWO, "{int64[1]: 1; int64[2]: 2 3; int64[1]: 1}"},
    {17, SEQUENCE NODE("SequenceInsert(%s, %c)"), TWO " | float32[]: 1", "!differs from the items"},
    {17, SEQUENCE NODE("SequenceErase(%s)"), TWO, "{int64[1]: 1}"},
    {17, SEQUENCE NODE("SequenceErase(%s, %c)"), TWO " | int64[]: 0", "{int64[2]: 2 3}"},
    {17, SEQUENCE NODE("ConcatFromSequence[axis=0](%s)"), TWO, "int64[3]: 1 2 3"},
    {17, SEQUENCE NODE("ConcatFromSequence[axis=0, new_axis=1](%s)"), TWO, "!does not fit the first"},
    {17, SEQUENCE NODE("ConcatFromSequence[axis=1, new_axis=1](%s)"), "string[2]: 'a' 'b' | string[2]: 'c' 'd'",
     "string[2,2]: 'a' 'c' 'b' 'd'"},
    {17, SEQUENCE NODE("SequenceAt(%s, %a)"), "int64[1]: 1 | float32[1]: 1", "!differs from the first in type"},
    {17, EMPTY NODE("SequenceErase(%s)"), "int64[]: 1", "!position -1 of 0"},
    {17, EMPTY NODE("ConcatFromSequence[axis=0](%s)"), "int64[]: 1", "!holds no tensors"},
    {17, EMPTY NODE("SequenceInsert(%s, %a)"), "int64[]: 1", "{int64[]: 1}"},
    {17, NODE("SequenceLength(%a)"), "int64[]: 1", "!is no sequence"},
    {17, NODE("SplitToSequence[axis=1](%a)"), "int8[1,2]: 1 2", "{int8[1,1]: 1; int8[1,1]: 2}"},
    {17, NODE("SplitToSequence[axis=0, keepdims=0](%a)"), "string[2]: 'a' 'b'", "{string[]: 'a'; string[]: 'b'}"},
    {17, NODE("SplitToSequence(%a, %b)"), "int8[3]: 1 2 3 | int64[]: 2", "{int8[2]: 1 2; int8[1]: 3}"},
    {17, NODE("SplitToSequence(%a, %b)"), "uint4[3]: 1 2 3 | int64[2]: 0 3", "{uint4[0]:; uint4[3]: 1 2 3}"},
    {17, NODE("SplitToSequence(%a, %b)"), "int8[1]: 1 | int64[]: 0", "!parts of 0"},
    {17, NODE("SplitToSequence(%a)"), "int8[5000,0]:", "!too many"},
    {18, "  %o : Tensor = onnx::Optional(%a)\n" NODE("OptionalGetElement(%o)"), "int8[1]: 1", "int8[1]: 1"},
    {18, "  %o : Tensor = onnx::Optional(%a)\n" NODE("OptionalHasElement(%o)"), "int8[1]: 1", "bool[]: 1"},
    {18, "  %o : Tensor = onnx::Optional(%a)\n" NODE("Optional(%o)"), "int8[1]: 1", "!an optional itself"},
    {18, "  %o : Tensor = onnx::Optional()\n" NODE("OptionalGetElement(%o)"), "int8[1]: 1", "!the optional is empty"},
    {18, "  %o : Tensor = onnx::Optional()\n" NODE("OptionalHasElement(%o)"), "int8[1]: 1", "bool[]: 0"},
    {18, NODE("OptionalHasElement()"), "int8[1]: 1", "bool[]: 0"},
    {18, NODE("OptionalGetElement(%a)"), "int8[1]: 1", "int8[1]: 1"},
};

static const eval_row signals[] = {
    {20, "DFT(%a)", "float32[1,2,1]: 1 3", "float32[1,2,2]: 4 0 -2 0"},
    {17, "DFT[axis=0, inverse=1](%a)", "float64[2,2]: 4 0 -2 0", "float64[2,2]: 1 0 3 0"},
    {20, "DFT[onesided=1](%a)", "float16[4,1]: 1 0 0 0", "float16[3,2]: 1 0 1 0 1 0"},
    {20, "DFT[inverse=1, onesided=1](%a)", "float32[3,2]: 1 0 1 0 1 0", "float32[4,1]: 1 0 0 0"},
    {20, "DFT(%a, %b)", "float32[1,1]: 3 | int64[]: 2", "float32[2,2]: 3 0 3 0"},
    {20, "DFT(%a, %b)", "float32[1,1]: 3 | int64[]: 0", "!length 0"},
    {20, "DFT(%a, %b)", "float32[1,1]: 3 | int64[]: 4611686018427387904", "!too large"},
    {17, "DFT(%a)", "float32[1,1]: 3", "!last dim is that of the parts"},
    {20, "DFT(%a)", "float32[1,3]: 3 3 3", "!no signal"},
    {17, "STFT(%a, %b, %c)", "float32[1,3,1]: 1 2 3 | int64[]: 1 | float32[2]: 1 2",
     "float32[1,2,2,2]: 5 0 -3 0 8 0 -4 0"},
    {17, "STFT(%a, %b)", "float32[1,2,1]: 1 2 | int64[]: 0", "!every 0"},
    {17, "STFT(%a, %b, %c)", "float32[1,1,1]: 1 | int64[]: 1 | float32[2]: 1 2", "!frames of 2"},
};

#define TEST(name) \
    static void test_##name(void **state) \
    { \
        (void)state; \
        eval_check(name, OX__COUNT(name)); \
    }
TEST(texts)
TEST(patterns)
TEST(vectors)
TEST(sequences)
TEST(signals)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_patterns),
                                       cmocka_unit_test(test_vectors), cmocka_unit_test(test_sequences),
                                       cmocka_unit_test(test_signals)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
