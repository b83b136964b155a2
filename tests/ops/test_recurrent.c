/* Recurrent layers and attention, computed: directions, lengths, layouts, masks, states, what is refused. */
#include "ox_eval_test.h"

static const eval_row layers[] = {
    /* h = x + h, by an activation that changes nothing */
    {22, "RNN[activations=[\"Affine\"], hidden_size=1](%a, %b, %c)",
     "float32[3,1,1]: 1 2 3 | float32[1,1,1]: 1 | float32[1,1,1]: 1", "float32[3,1,1,1]: 1 3 6 | float32[1,1,1]: 6"},
    {22, "RNN[activations=[\"Affine\"], direction=\"reverse\"](%a, %b, %c)",
     "float64[3,1,1]: 1 2 3 | float64[1,1,1]: 1 | float64[1,1,1]: 1", "float64[3,1,1,1]: 6 5 3 | float64[1,1,1]: 6"},
    {14, "RNN[activations=[\"Affine\", \"relu\"], direction=\"bidirectional\", layout=1](%a, %b, %c)",
     "float32[1,2,1]: 1 2 | float32[2,1,1]: 1 -1 | float32[2,1,1]: 1 1",
     "float32[1,2,2,1]: 1 0 3 0 | float32[1,2,1]: 3 0"},
    {7, "RNN[activations=[\"Affine\"], activation_alpha=[2.], activation_beta=[1.]](%a, %b, %c, %d, %e, %f)",
     "float32[2,2,1]: 1 2 3 4 | float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,2]: 0 1 | int32[2]: 2 1 | "
     "float32[1,2,1]: 0 10",
     "float32[2,1,2,1]: 5 27 19 0 | float32[1,2,1]: 19 27"},
    {22, "RNN[activations=[\"Affine\"], clip=2.](%a, %b, %c)",
     "float32[2,1,1]: 1 -9 | float32[1,1,1]: 1 | float32[1,1,1]: 1", "float32[2,1,1,1]: 1 -2 | float32[1,1,1]: -2"},
    {22, "GRU[activations=[\"Affine\", \"Affine\"], activation_alpha=[0.5], linear_before_reset=1](%a, %b, %c)",
     "float32[1,1,1]: 2 | float32[1,3,1]: 0 1 3 | float32[1,3,1]: 0 0 0", "float32[1,1,1,1]: 6 | float32[1,1,1]: 6"},
    {22, "LSTM[activations=[\"Affine\", \"Affine\", \"Affine\"]](%a, %b, %c)",
     "float32[1,1,1]: 2 | float32[1,4,1]: 1 2 3 4 | float32[1,4,1]: 0 0 0 0",
     "float32[1,1,1,1]: 64 | float32[1,1,1]: 64 | float32[1,1,1]: 16"},
    {22, "LSTM[activations=[\"Affine\", \"Affine\", \"Affine\"], input_forget=1](%a, %b, %c)",
     "float32[2,1,1]: 2 0 | float32[1,4,1]: 1 2 3 4 | float32[1,4,1]: 0 0 0 0",
     "float32[2,1,1,1]: 64 0 | float32[1,1,1]: 0 | float32[1,1,1]: 16"},
    {22, "RNN(%a, %b, %c)", "float32[0,1,1]: | float32[1,1,1]: 1 | float32[1,1,1]: 1",
     "float32[0,1,1,1]: | float32[1,1,1]: 0"},
    {22, "RNN(%a, %b, %c)", "float32[1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 1", "!must have 3 dims|"},
    {22, "RNN[hidden_size=2](%a, %b, %c)", "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 1",
     "!hidden_size is 2, R has 1|"},
    {22, "RNN[direction=\"up\"](%a, %b, %c)", "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 1",
     "!direction|"},
    {22, "RNN[activations=[\"Sine\"]](%a, %b, %c)", "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 1",
     "!no activation Sine|"},
    {22, "LSTM(%a, %b, %c)", "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 1", "!input 1 does not have|"},
    {22, "RNN(%a, %b, %c, %d, %e)",
     "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,2]: 0 0 | int32[1]: 2", "!2 steps of 1|"},
};

static const eval_row attention[] = {
    {25, "Attention(%a, %b, %c)", "float32[1,1,1,1]: 0 | float32[1,1,2,1]: 5 7 | float32[1,1,2,1]: 2 4",
     "float32[1,1,1,1]: 3"},
    {25, "Attention[is_causal=1](%a, %b, %c)", "float64[1,1,2,1]: 0 0 | float64[1,1,2,1]: 5 7 | float64[1,1,2,1]: 2 4",
     "float64[1,1,2,1]: 2 3"},
    {25, "Attention[q_num_heads=2, kv_num_heads=1](%a, %b, %c, %d)",
     "float32[1,1,2]: 0 0 | float32[1,2,1]: 5 7 | float32[1,2,1]: 2 4 | bool[1,2]: 0 1",
     "float32[1,1,2]: 4 4 | float32[1,1,2,1]: 5 7 | float32[1,1,2,1]: 2 4"},
    {25, "Attention[qk_matmul_output_mode=3](%a, %b, %c, %d, %e, %f)",
     "float32[1,1,1,1]: 0 | float32[1,1,1,1]: 1 | float32[1,1,1,1]: 2 | float32[1,2]: 0 0 | float32[1,1,1,1]: 3 | "
     "float32[1,1,1,1]: 4",
     "float32[1,1,1,1]: 3 | float32[1,1,2,1]: 3 1 | float32[1,1,2,1]: 4 2 | float32[1,1,1,2]: 0.5 0.5"},
    {25, "Attention(%a, %b, %c, %d)",
     "float32[1,1,1,1]: 0 | float32[1,1,2,1]: 5 7 | float32[1,1,2,1]: 2 4 | bool[1,2]: 0 0", "float32[1,1,1,1]: 0"},
    {25, "Attention[left_window_size=0, right_window_size=0](%a, %b, %c)",
     "float16[1,1,2,1]: 0 0 | float16[1,1,2,1]: 5 7 | float16[1,1,2,1]: 2 4", "float16[1,1,2,1]: 2 4"},
    {25, "Attention(%a, %b, %c)", "float32[1,1,1]: 0 | float32[1,1,1]: 5 | float32[1,1,1]: 2", "!q_num_heads"},
    {25, "Attention(%a, %b, %c)", "float32[1,3,1,1]: 0 0 0 | float32[1,2,1,1]: 5 7 | float32[1,2,1,1]: 2 4",
     "!do not fit together"},
    {25, "Attention(%a, %b, %c, %d)",
     "float32[1,1,1,1]: 0 | float32[1,1,1,1]: 5 | float32[1,1,1,1]: 2 | float32[3,1]: 0 0 0",
     "!mask cannot be broadcast"},
    {25, "Attention(%a, %b, %c, %d)",
     "float32[1,1,1,1]: 0 | float32[1,1,1,1]: 5 | float32[1,1,1,1]: 2 | float32[1,2]: 0 0", "!a mask of 2 keys"},
    {25, "Attention(%a, %b, %c, %, %d)",
     "float32[1,1,1,1]: 0 | float32[1,1,1,1]: 5 | float32[1,1,1,1]: 2 | float32[1,1,1,1]: 0", "!go together"},
    {23, "RotaryEmbedding(%a, %b, %c)", "float32[1,1,1,2]: 1 2 | float32[1,1,1]: 0 | float32[1,1,1]: 1",
     "float32[1,1,1,2]: -2 1"},
    {23, "RotaryEmbedding[num_heads=1, rotary_embedding_dim=2](%a, %b, %c, %d)",
     "float64[1,1,3]: 1 2 9 | float64[2,1]: 1 0 | float64[2,1]: 0 1 | int64[1,1]: 1", "float64[1,1,3]: -2 1 9"},
    {23, "RotaryEmbedding(%a, %b, %c, %d)", "float32[1,1,1,2]: 1 2 | float32[1,1]: 0 | float32[1,1]: 1 | int64[1,1]: 1",
     "!position 1 of 1"},
    {23, "RotaryEmbedding(%a, %b, %c)", "float32[1,1,1,2]: 1 2 | float32[1,1,2]: 0 0 | float32[1,1,2]: 1 1",
     "!caches do not fit"},
    {27, "LinearAttention[q_num_heads=1, kv_num_heads=1, update_rule=\"linear\", scale=1.](%a, %b, %c)",
     "float32[1,2,1]: 1 1 | float32[1,2,1]: 1 2 | float32[1,2,1]: 3 4", "float32[1,2,1]: 3 11 | float32[1,1,1,1]: 11"},
    {27, "LinearAttention[q_num_heads=1, kv_num_heads=1](%a, %b, %c)",
     "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 3", "!do not fit the rule|"},
    {27, "LinearAttention[q_num_heads=1, kv_num_heads=2, update_rule=\"linear\"](%a, %b, %c)",
     "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[1,1,1]: 3", "!1 query heads for 2|"},
};

static void test_layers(void **state)
{
    (void)state;
    eval_check(layers, OX__COUNT(layers));
}

static void test_attention(void **state)
{
    (void)state;
    eval_check(attention, OX__COUNT(attention));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layers), cmocka_unit_test(test_attention)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
