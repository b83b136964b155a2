/* The state: chunks and their echo, errors with their place, control functions, interrupts, memory. */
#include "fixture.h"

#include "base/base.h"

#include <signal.h>
#include <unistd.h>

static void test_expressions_are_printed(void **state)
{
    fixture *f = *state;
    assert_prints(f, "1 + 1", "2");
    assert_prints(f, "'a\\27b'", "a\\x1bb");
    assert_prints(f, "{1, 'x', n = 2, y = {true}}", "{1, \"x\", n = 2, y = {true}}");
    assert_prints(f, "nil, 1.5", "nil\t1.5");
    assert_prints(f, "x = 3", "");
    assert_prints(f, "print(x, 'y')", "3\ty");
    assert_prints(f, "x", "3");
    assert_prints(f, "{{{{{}}}}}", "{{{{{...}}}}}");
}

static void test_chunks_that_lack_their_end(void **state)
{
    fixture *f = *state;
    ox_error err;
    bool incomplete = false;
    const char *open[] = {"for i = 1, 2 do", "f(", "x = {", "s = [[a", "function f()"};
    for (size_t i = 0; i < OX__COUNT(open); i++) {
        assert_fails(ox_script_chunk(f->script, open[i], strlen(open[i]), "test", &incomplete, &err), OX_E_SCRIPT, "",
                     &err);
        assert_true(incomplete);
    }
    assert_fails(ox_script_chunk(f->script, "x = = 1", 7, "test", &incomplete, &err), OX_E_SCRIPT, "unexpected symbol",
                 &err);
    assert_false(incomplete);
    assert_ok(ox_script_chunk(f->script, "x = 1", 5, "test", &incomplete, &err), &err);
    assert_false(incomplete);
}

static void test_errors_have_their_place(void **state)
{
    fixture *f = *state;
    assert_raises(f, "\n\nerror('boom')", "boom", 3);
    assert_raises(f, "\nlocal t = nil\nt.x = 1", "index", 3);
    assert_raises(f, "x = = 1", "unexpected symbol", 1);
    assert_raises(f, "local function g() error('deep', 2) end\n\ng()", "deep", 3);
    assert_raises(f, "error({})", "table", 1);
    assert_raises(f, "\nerror(setmetatable({}, {__tostring = function() return 'shown' end}))", "shown", 2);
    assert_raises(f, "local function f() f() f() end f()", "stack overflow", 1);
    ox_error err;
    run(f, "\nerror('boom')", &err);
    assert_string_equal(err.msg, "boom"); /* the place is not in the text */
}

static void test_files(void **state)
{
    fixture *f = *state;
    ox_error err;
    char path[] = "/tmp/onnxsh-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *text = "#!/usr/bin/lua\ny = 4\nerror 'in file'\n";
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    assert_fails(ox_script_file(f->script, path, &err), OX_E_SCRIPT, "in file", &err);
    assert_string_equal(err.file, path);
    assert_int_equal(err.line, 3);
    unlink(path);
    assert_prints(f, "y", "4");
    assert_fails(ox_script_file(f->script, path, &err), OX_E_IO, "cannot open", &err);
}

static void test_control_functions(void **state)
{
    fixture *f = *state;
    assert_prints(f, "pcall(error, 'x')", "false\tx");
    assert_prints(f, "pcall(function(...) return ... end, 1, 2)", "true\t1\t2");
    assert_prints(f, "xpcall(function(a) error(a, 0) end, function(e) return e .. '!' end, 'y')", "false\ty!");
    assert_prints(f, "xpcall(function(...) return ... end, print, 1, nil)", "true\t1\tnil");
    assert_prints(f, "co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)", "");
    assert_prints(f, "co(1), co(5)", "2\t10");
    assert_raises(f, "co()", "cannot resume dead coroutine", 1);
    assert_prints(f, "c = coroutine.create(function() error('in co', 0) end) return coroutine.resume(c)",
                  "false\tin co");
    assert_prints(f, "coroutine.resume(c)", "false\tcannot resume dead coroutine");
    assert_raises(f, "coroutine.resume(1)", "coroutine", 1);
    assert_prints(f, "d = coroutine.wrap(function() pcall(coroutine.yield, 1) return 2 end) return d(), d()", "1\t2");
    assert_raises(f, "os.setlocale('C')", "not available", 1);
    assert_prints(f, "tostring(1.5)", "1.5");
}

static void test_commands(void **state)
{
    fixture *f = *state;
    ox_error err;
    const char *words[] = {"a", "b c"};
    assert_fails(run(f, "\ncommand('nonsense')", &err), OX_E_INVALID, "no such command", &err); /* its own code */
    assert_int_equal(err.line, 2);
    assert_prints(f, "pcall(command, 'nonsense')", "false\tno such command: nonsense");
    assert_raises(f, "command{name = 'x'}", "usage", 1);
    assert_raises(f, "command{name = 'x', usage = 'x', help = 'h'}", "run", 1);
    assert_raises(f, "command{name = 'show', usage = 'x', help = 'h', run = print}", "already", 1);
    assert_prints(f, "command{name = 'both', usage = 'both A B', help = 'h', run = function(...) print(...) end}", "");
    assert_string_equal(f->defined, "both");
    assert_ok(ox_script_run(f->script, f->run_id, 2, words, &err), &err);
    assert_string_equal(f->out, "a\tb c\n");
}

/* ---- interrupts ---- */

static ox_script *to_interrupt;

static void on_alarm(int sig)
{
    (void)sig;
    ox_script_interrupt(to_interrupt);
}

static void interrupts(fixture *f, const char *text)
{
    ox_error err;
    struct sigaction act = {.sa_handler = on_alarm}, old;
    to_interrupt = f->script;
    sigaction(SIGALRM, &act, &old);
    ualarm(20000, 0);
    assert_fails(run(f, text, &err), OX_E_INTERRUPTED, "interrupted", &err);
    sigaction(SIGALRM, &old, NULL);
    assert_prints(f, "1", "1"); /* and the state lives on */
}

static void test_interrupts(void **state)
{
    fixture *f = *state;
    interrupts(f, "while true do end");
    interrupts(f, "while true do pcall(function() while true do end end) end");
    interrupts(f, "while true do xpcall(function() while true do end end, function(e) return e end) end");
    interrupts(f, "coroutine.wrap(function() while true do end end)()");
    interrupts(f, "while true do coroutine.resume(coroutine.create(function() while true do end end)) end");
    interrupts(f, "local function nest() return coroutine.wrap(function() while true do local x = 1 end end) end "
                  "coroutine.wrap(function() pcall(nest()) end)()");
    interrupts(f,
               "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end");
    interrupts(f, "for i = 1, math.huge do local t = {i} end");
}

static void test_an_interrupt_with_nothing_running_does_nothing(void **state)
{
    fixture *f = *state;
    ox_script_interrupt(f->script);
    assert_prints(f, "2", "2");
}

/* A coroutine that was interrupted is dead; one that was suspended meanwhile goes on. */
static void test_coroutines_survive_interrupts(void **state)
{
    fixture *f = *state;
    assert_prints(f, "co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return co()", "1");
    interrupts(f, "while true do end");
    assert_prints(f, "co()", "2");
}

/* ---- help, completion ---- */

static void test_every_function_is_documented(void **state)
{
    fixture *f = *state;
    const ox_script_doc *rows = NULL;
    size_t n = ox_script_docs(&rows);
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        char call[256];
        assert_true(rows[i].name[0] && rows[i].usage[0]);
        if (strlen(rows[i].doc) < 8) fail_msg("%s has no doc", rows[i].name);
        if (strncmp(rows[i].usage, rows[i].name, strlen(rows[i].name)) != 0) fail_msg("usage of %s", rows[i].name);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(rows[i].name, rows[k].name);
        snprintf(call, sizeof call, "help('%s')", rows[i].name);
        ox_error err;
        assert_ok(run(f, call, &err), &err);
        assert_non_null(strstr(f->out, rows[i].usage));
        if (strncmp(rows[i].name, "sym.", 4) == 0) {
            snprintf(call, sizeof call, "type(%s)", rows[i].name);
            assert_prints(f, call, "function");
        }
    }
    /* and the other way: nothing in sym without a row */
    assert_prints(f, "local missing = {} for k in pairs(sym) do missing['sym.' .. k] = true end docs = missing", "");
    for (size_t i = 0; i < n; i++) {
        char drop[256];
        snprintf(drop, sizeof drop, "docs['%s'] = nil", rows[i].name);
        ox_error err;
        assert_ok(run(f, drop, &err), &err);
    }
    assert_prints(f, "next(docs)", "nil");
}

static void test_help(void **state)
{
    fixture *f = *state;
    ox_error err;
    assert_ok(run(f, "help()", &err), &err);
    assert_non_null(strstr(f->out, "g:op(name"));
    assert_ok(run(f, "help('_unsqueeze_helper')", &err), &err);
    assert_non_null(strstr(f->out, "_unsqueeze_helper of torch.onnx is sym.unsqueeze here"));
    assert_ok(run(f, "help('torch.onnx.symbolic_helper._scalar')", &err), &err);
    assert_non_null(strstr(f->out, "sym.scalar(x)"));
    assert_ok(run(f, "help('_if_scalar_type_as')", &err), &err);
    assert_non_null(strstr(f->out, "sym.cast_like"));
    assert_ok(run(f, "help(sym.reduce)", &err), &err);
    assert_non_null(strstr(f->out, "sym.reduce(g, op"));
    assert_ok(run(f, "help(symbolic)", &err), &err);
    assert_non_null(strstr(f->out, "symbolic(name"));
    assert_ok(run(f, "help('aten::elu')", &err), &err);
    assert_non_null(strstr(f->out, "g:op(\"Elu\", self, {alpha_f = sym.scalar(alpha)})"));
    assert_ok(run(f, "help('nothing at all')", &err), &err);
    assert_non_null(strstr(f->out, "no help"));
    assert_ok(run(f, "help('unsq')", &err), &err);
    assert_non_null(strstr(f->out, "sym.unsqueeze("));
}

static void collect(void *ud, const char *word)
{
    char *all = ud;
    strncat(all, word, 8000 - strlen(all));
    strcat(all, "\n");
}

static const char *complete(fixture *f, const char *text, char *buf)
{
    buf[0] = 0;
    ox_script_complete(f->script, text, strlen(text), collect, buf);
    return buf;
}

static void test_completion(void **state)
{
    fixture *f = *state;
    static char buf[9000];
    assert_non_null(strstr(complete(f, "sym.sca", buf), "sym.scalar\n"));
    assert_null(strstr(buf, "sym.unsqueeze"));
    assert_non_null(strstr(complete(f, "x = string.form", buf), "string.format\n"));
    assert_non_null(strstr(complete(f, "g:un", buf), "g:unsupported\n"));
    assert_non_null(strstr(complete(f, "pri", buf), "print\n"));
    assert_non_null(strstr(complete(f, "f(coroutine.wr", buf), "coroutine.wrap\n"));
    assert_string_equal(complete(f, "nothing.at.all", buf), "");
    assert_string_equal(complete(f, "1 + ", buf)[0] ? "some" : "", "some");
}

/* ---- memory ---- */

/* Every allocation of creating a state and running Lua fails, once (Lua may then collect garbage and go on) or from
 * there on: an error, no leak (the sanitizer's part). */
static void test_out_of_memory(void **state)
{
    (void)state;
    ox_error err;
    bool done = false;
    for (uint64_t n = 1; !done; n += n < 300 ? 1 : 7) {
        fixture f;
        bool lasting = n % 2 == 0;
        ox__alloc_fail_at(n, lasting);
        ox_error_clear(&err);
        ox_status s = start(&f, &err);
        if (s == OX_OK)
            s = run(&f, "local t = {} for i = 1, 20 do t[i] = sym.tensor({i, i}) end help('g:op') x = t", &err);
        bool reached = ox__alloc_count() >= n;
        ox__alloc_fail_at(0, false);
        stop(&f);
        if (reached && (lasting || s != OX_OK))
            assert_int_equal(s, OX_E_NOMEM);
        else
            assert_int_equal(s, OX_OK);
        done = !reached;
        assert_true(n < 100000);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_expressions_are_printed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chunks_that_lack_their_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_have_their_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_interrupt_with_nothing_running_does_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_coroutines_survive_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_function_is_documented, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_completion, setup, teardown),
        cmocka_unit_test(test_out_of_memory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
