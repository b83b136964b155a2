/* The built-in symbolic functions: every family loads, every name of the index is served and has its source, and the
 * operators that the project promises are among them. */
#include "fixture.h"

#include "script/files.h"

static void test_every_name_is_served(void **state)
{
    fixture *f = *state;
    ox_error err;
    assert_true(ox__lua_n_index > 250);
    for (size_t i = 0; i < ox__lua_n_index; i++) {
        char *text = NULL, where[256];
        const char *name = ox__lua_index[i].name;
        if (i > 0) assert_true(strcmp(ox__lua_index[i - 1].name, name) < 0);
        ox_error_clear(&err);
        if (ox_script_source(f->script, name, 0, &text, where, sizeof where, &err) != OX_OK)
            fail_msg("%s: %s:%u: %s", name, err.file, err.line, err.msg);
        bool whole = strstr(text, "function") && strstr(text, "end") && strncmp(where, "onnxsh/symbolic/", 16) == 0;
        ox_script_free_text(text);
        assert_true(whole);
    }
}

/* The operators that every torchvision CNN needs, and those of the documentation of 2018. */
static const char promised[] = "_convolution adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d add "
                               "avg_pool1d avg_pool2d avg_pool3d batch_norm cat "
                               "dropout flatten gru hardsigmoid hardswish hardtanh linear lstm max_pool1d max_pool2d "
                               "max_pool3d mean mul relu rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell "
                               "rnn_relu_cell _pack_padded_sequence _pad_packed_sequence "
                               "sigmoid silu size tanh unsafe_chunk upsample_bilinear2d upsample_nearest2d zeros "
                               "conv1d conv2d conv3d convolution elu leaky_relu "
                               "softmax log_softmax matmul addmm mm bmm t transpose permute view reshape split chunk "
                               "slice select squeeze unsqueeze abs ceil "
                               "floor neg exp log sqrt rsqrt reciprocal sin cos tan asin acos atan pow div sub rsub eq "
                               "ne lt le gt ge clamp clamp_min clamp_max "
                               "gelu relu6 sum prod max min norm stack expand expand_as repeat contiguous detach clone "
                               "to type_as zeros_like ones_like full "
                               "full_like arange where index_select gather embedding layer_norm group_norm "
                               "instance_norm prelu selu glu softplus threshold topk "
                               "constant_pad_nd pad reflection_pad1d reflection_pad2d replication_pad1d "
                               "replication_pad2d replication_pad3d pixel_shuffle "
                               "masked_fill narrow unbind numel alias max_pool1d_with_indices max_pool2d_with_indices "
                               "max_pool3d_with_indices instance_norm "
                               "upsample_nearest1d alpha_dropout feature_dropout feature_alpha_dropout cumsum index";

static void test_promised_operators(void **state)
{
    fixture *f = *state;
    ox_error err;
    char list[sizeof promised];
    memcpy(list, promised, sizeof list);
    for (char *name = strtok(list, " "); name; name = strtok(NULL, " ")) {
        char full[64], *text = NULL;
        snprintf(full, sizeof full, "aten::%s", name);
        ox_error_clear(&err);
        ox_status s = ox_script_source(f->script, full, 0, &text, NULL, 0, &err);
        ox_script_free_text(text);
        if (s != OX_OK) fail_msg("%s: %s", full, err.msg);
    }
}

static void test_sources(void **state)
{
    fixture *f = *state;
    ox_error err;
    char *text = NULL, where[256];
    assert_ok(ox_script_source(f->script, "aten::elu", 17, &text, where, sizeof where, &err), &err);
    bool same = strcmp(text, "symbolic(\"aten::elu\", function(g, self, alpha)\n"
                             "  return g:op(\"Elu\", self, {alpha_f = sym.scalar(alpha)})\n"
                             "end)\n") == 0;
    ox_script_free_text(text);
    assert_true(same);
    assert_non_null(strstr(where, "onnxsh/symbolic/activation.lua:"));
    assert_fails(ox_script_source(f->script, "aten::nothing", 17, &text, where, sizeof where, &err), OX_E_NOT_FOUND,
                 "no symbolic function of aten::nothing", &err);
    assert_prints(f, "symbolic('aten::elu', function(g, self) return self end)", "");
    assert_ok(ox_script_source(f->script, "aten::elu", 17, &text, where, sizeof where, &err), &err);
    bool typed = strstr(text, "typed at the prompt") != NULL;
    ox_script_free_text(text);
    assert_true(typed);
    assert_string_equal(where, "test:1");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_name_is_served, setup, teardown),
        cmocka_unit_test_setup_teardown(test_promised_operators, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sources, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
