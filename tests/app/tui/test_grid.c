/* The grid, the list, the line editor, names of keys, columns, the needle: the parts of the full screen that hold no
 * model. */
#include "ox_test.h"

#include "app/tui.h"
#include "app/tui/columns.h"
#include "app/tui/grid.h"
#include "app/tui/keys.h"
#include "app/tui/line.h"
#include "app/tui/lines.h"
#include "app/tui/list.h"
#include "app/tui/needle.h"
#include "app/tui/theme.h"

#include <stdlib.h>

#define WIDE "\xe4\xb8\xad" /* two columns */
#define ACCENT "e\xcc\x81"  /* e and a mark that combines */
#define ELLIPSIS "\xe2\x80\xa6"

static ox_grid g;

static int setup(void **state)
{
    (void)state;
    memset(&g, 0, sizeof g);
    return ox_grid_resize(&g, 4, 10) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ox_grid_free(&g);
    return 0;
}

static const char *row(int i)
{
    static char text[1024];
    ox_grid_row_text(&g, i, text, sizeof text);
    return text;
}

/* Every row takes as many columns as the grid has, whatever was written over what. */
static void assert_whole(void)
{
    for (int r = 0; r < g.rows; r++) {
        int cols = 0;
        for (int c = 0; c < g.cols; c++) {
            const ox_cell *cell = ox_grid_at(&g, r, c);
            cols += cell->width;
            if (cell->width == 2) assert_int_equal(ox_grid_at(&g, r, c + 1)->width, 0);
            if (cell->width == 0) assert_int_equal(ox_grid_at(&g, r, c - 1)->width, 2);
        }
        assert_int_equal(cols, g.cols);
    }
}

static void test_text_is_clipped(void **state)
{
    (void)state;
    assert_int_equal(ox_grid_putz(&g, 0, 2, 4, OX_ROLE_PLAIN, "abcdef"), 4);
    assert_string_equal(row(0), "  abcd");
    assert_int_equal(ox_grid_putz(&g, 1, 8, 20, OX_ROLE_PLAIN, "abcdef"), 2);
    assert_string_equal(row(1), "        ab");
    assert_int_equal(ox_grid_putz(&g, 4, 0, 9, OX_ROLE_PLAIN, "x"), 0);
    assert_int_equal(ox_grid_putz(&g, -1, 0, 9, OX_ROLE_PLAIN, "x"), 0);
    assert_int_equal(ox_grid_putz(&g, 0, 10, 9, OX_ROLE_PLAIN, "x"), 0);
    assert_int_equal(ox_grid_putz(&g, 0, -1, 9, OX_ROLE_PLAIN, "x"), 0);
    assert_whole();
}

static void test_wide_characters(void **state)
{
    (void)state;
    assert_int_equal(ox_grid_putz(&g, 0, 0, 5, OX_ROLE_PLAIN, WIDE WIDE WIDE), 4); /* the third has one column only */
    assert_string_equal(row(0), WIDE WIDE);
    ox_grid_putz(&g, 0, 1, 1, OX_ROLE_PLAIN, "x"); /* over the right half of the first */
    assert_string_equal(row(0), " x" WIDE);
    ox_grid_putz(&g, 0, 2, 1, OX_ROLE_PLAIN, "y"); /* over the left half of the second */
    assert_string_equal(row(0), " xy");
    ox_grid_putz(&g, 1, 0, 10, OX_ROLE_PLAIN, WIDE WIDE WIDE);
    ox_grid_putz(&g, 1, 1, 2, OX_ROLE_PLAIN, WIDE); /* over halves of two */
    assert_string_equal(row(1), " " WIDE " " WIDE);
    ox_grid_putz(&g, 2, 9, 5, OX_ROLE_PLAIN, WIDE); /* half of it would be outside */
    assert_string_equal(row(2), "");
    assert_whole();
}

static void test_marks_combine(void **state)
{
    (void)state;
    assert_int_equal(ox_grid_putz(&g, 0, 0, 3, OX_ROLE_PLAIN, ACCENT "b" ACCENT "c"), 3);
    assert_string_equal(row(0), ACCENT "b" ACCENT);
    assert_int_equal(ox_grid_at(&g, 0, 0)->n, 3);
    char many[1 + 2 * 40];
    many[0] = 'a';
    for (int i = 0; i < 40; i++) memcpy(many + 1 + 2 * i, "\xcc\x81", 2);
    assert_int_equal(ox_grid_put(&g, 1, 0, 10, OX_ROLE_PLAIN, many, sizeof many), 1);
    assert_true(ox_grid_at(&g, 1, 0)->n <= OX_CELL_BYTES);
    assert_int_equal(ox_grid_at(&g, 1, 0)->n % 2, 1);                          /* no mark is cut in two */
    assert_int_equal(ox_grid_putz(&g, 2, 0, 3, OX_ROLE_PLAIN, "\xcc\x81"), 0); /* nothing to combine with */
    assert_whole();
}

static void test_names_are_made_safe(void **state)
{
    (void)state;
    assert_true(ox_grid_resize(&g, 2, 40));
    ox_grid_name(&g, 0, 0, 40, OX_ROLE_PLAIN, "a\x1b[31m\xff", 7);
    assert_string_equal(row(0), "a\\x1b[31m\\xff");
    ox_grid_name(&g, 1, 0, 9, OX_ROLE_PLAIN, "features.conv1", 14);
    assert_string_equal(row(1), "feat" ELLIPSIS "onv1");
    char *big = malloc(1 << 20);
    assert_non_null(big);
    memset(big, 'x', 1 << 20);
    big[0] = 'A';
    big[(1 << 20) - 1] = 'Z';
    assert_int_equal(ox_grid_name(&g, 0, 0, 40, OX_ROLE_PLAIN, big, 1 << 20), 40);
    assert_int_equal(row(0)[0], 'A');
    assert_int_equal(row(0)[strlen(row(0)) - 1], 'Z');
    free(big);
    assert_whole();
}

static void test_sizes_hold(void **state)
{
    (void)state;
    assert_true(ox_grid_resize(&g, 0, -5));
    assert_int_equal(g.rows, 1);
    assert_int_equal(g.cols, 1);
    ox_grid_putz(&g, 0, 0, 1, OX_ROLE_PLAIN, WIDE);
    assert_string_equal(row(0), "");
    assert_whole();
}

static void test_random_writes_keep_rows_whole(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", WIDE, ACCENT, WIDE "b" WIDE, "abc", ELLIPSIS};
    srand(7);
    for (int i = 0; i < 20000; i++) {
        ox_grid_putz(&g, rand() % 6 - 1, rand() % 14 - 2, rand() % 6, OX_ROLE_OP, texts[rand() % 6]);
        if (i % 100 == 0) assert_whole();
    }
    assert_whole();
}

static void test_list(void **state)
{
    (void)state;
    ox_list l = {0};
    ox_list_set_height(&l, 5);
    ox_list_set_n(&l, 100);
    ox_list_move(&l, 5);
    assert_int_equal(l.cursor, 5);
    assert_int_equal(l.top, 1); /* as little as possible */
    ox_list_move(&l, -1000);
    assert_int_equal(l.cursor, 0);
    ox_list_go(&l, 50);
    assert_int_equal(l.cursor, 50);
    assert_int_equal(l.top, 48); /* in the middle */
    ox_list_go(&l, 53);
    assert_int_equal(l.top, 49);
    ox_list_page(&l, 1, 1);
    assert_int_equal(l.cursor, 57);
    assert_int_equal(l.top, 53);
    ox_list_page(&l, -1, 2);
    assert_int_equal(l.cursor, 55);
    ox_list_go(&l, (size_t)-1);
    assert_int_equal(l.cursor, 99);
    assert_int_equal(l.top, 95);
    ox_list_scroll(&l, -10);
    assert_int_equal(l.top, 85);
    assert_int_equal(l.cursor, 89);
    ox_list_place(&l, -1);
    assert_int_equal(l.top, 89);
    ox_list_set_n(&l, 3);
    assert_int_equal(l.cursor, 2);
    assert_int_equal(l.top, 0);
    ox_list_set_n(&l, 0);
    ox_list_move(&l, 1);
    ox_list_page(&l, 1, 1);
    ox_list_scroll(&l, 3);
    ox_list_go(&l, 7);
    assert_int_equal(l.cursor, 0);
    assert_int_equal(l.top, 0);
    ox_list_set_height(&l, -3);
    ox_list_set_n(&l, (size_t)1 << 40);
    ox_list_go(&l, (size_t)-1);
    assert_true(l.cursor == ((size_t)1 << 40) - 1 && l.top == l.cursor);
}

static void test_keys_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"j",  "C-d", "Tab", "S-Tab",    "Space", "PageUp",
                                        "F1", "F12", "?",   "\xc3\xa9", "[",     "Esc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t key;
        char buf[16];
        assert_true(ox_key_parse(names[i], strlen(names[i]), &key));
        assert_string_equal(ox_key_name(key, buf), names[i]);
    }
    uint32_t key;
    static const char *const wrong[] = {"", "jj", "C-", "F13", "F0", "\xc3", "Nokey", "C-\x01"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(ox_key_parse(wrong[i], strlen(wrong[i]), &key));
}

static void check_keys(ox_action a, const char *view, size_t len)
{
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)len, view);
    const ox_action_row *r = ox_action_get(a);
    assert_true(ox_action_is_of(r, name));
    for (const char *p = r->keys; *p;) {
        size_t n = strcspn(p, " ");
        uint32_t key;
        assert_true(ox_key_parse(p, n, &key));
        assert_int_equal(ox_action_for(key, name), a);
        p += n + strspn(p + n, " ");
    }
}

/* No key means two things in one pane, every row is whole, and every key of the table has a name. */
static void test_table_of_keys(void **state)
{
    (void)state;
    for (ox_action a = OX_DO_NOTHING + 1; a < OX_N_ACTIONS; a++) {
        const ox_action_row *r = ox_action_get(a);
        assert_true(*r->keys && *r->help);
        const char *view = r->view;
        do {
            size_t len = strcspn(view, " ");
            check_keys(a, view, len);
            view += len + strspn(view + len, " ");
        } while (*view);
    }
}

static void type(ox_line *l, const char *words)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " ")) {
        uint32_t key;
        assert_true(ox_key_parse(w, strlen(w), &key));
        ox_line_key(l, key);
    }
}

static void test_line_editor(void **state)
{
    (void)state;
    ox_line l;
    ox_typed h = {0};
    ox_typed_add(&h, "first");
    ox_typed_add(&h, "second");
    ox_typed_add(&h, "second");
    assert_int_equal(h.n, 2);
    ox_line_begin(&l, "", &h);
    type(&l, "a b Space c d C-a x Right Right Backspace");
    assert_string_equal(l.text, "xa cd");
    type(&l, "C-e C-w y");
    assert_string_equal(l.text, "xa y");
    type(&l, "Up");
    assert_string_equal(l.text, "second");
    type(&l, "Up Up");
    assert_string_equal(l.text, "first");
    type(&l, "Down Down");
    assert_string_equal(l.text, "xa y");
    type(&l, "Left C-k C-u");
    assert_string_equal(l.text, "");
    assert_int_equal(ox_line_key(&l, OX_KEY_BACKSPACE), OX_LINE_LEFT);
    type(&l, "e \xc3\xa9 "
             "Backspace"); /* whole characters */
    assert_string_equal(l.text, "e");
    assert_int_equal(ox_line_key(&l, 0x202E), OX_LINE_OTHER); /* nothing invisible */
    assert_int_equal(ox_line_key(&l, OX_KEY_ENTER), OX_LINE_DONE);
    assert_int_equal(ox_line_key(&l, OX_KEY_ESC), OX_LINE_LEFT);
    for (int i = 0; i < 3 * OX_LINE_MAX; i++) ox_line_key(&l, 'z');
    assert_int_equal(l.n, OX_LINE_MAX - 1);
    ox_line_draw(&l, &g, (ox_rect){3, 0, 1, 10}, ":");
    assert_string_equal(row(3), ":zzzzzzzz");
    assert_int_equal(g.cursor_col, 9);
    ox_typed_free(&h);
}

static void test_needle(void **state)
{
    (void)state;
    ox_needle k = {0};
    ox_needle_set(&k, "conv", 4);
    assert_int_equal(ox_needle_find(&k, "aten::Conv2d", 12), 6);
    assert_true(ox_needle_find(&k, "con", 3) == SIZE_MAX);
    ox_needle_set(&k, "Conv", 4);
    assert_true(ox_needle_find(&k, "aten::conv2d", 12) == SIZE_MAX);
    assert_int_equal(ox_needle_find(&k, "xConv", 5), 1);
    ox_needle_set(&k, "", 0);
    assert_true(ox_needle_find(&k, "x", 1) == SIZE_MAX);
}

static void test_columns(void **state)
{
    (void)state;
    static const ox_column rows[] = {{"A", 4, 8, 0, false}, {"B", 4, 4, 2, false}, {"C", 4, 20, 1, true}};
    ox_columns c;
    for (int width = -2; width < 60; width++) {
        ox_columns_fit(&c, rows, 3, width);
        int end = 0;
        for (int i = 0; i < 3; i++)
            if (c.at[i].width) {
                assert_true(c.at[i].width >= rows[i].min && c.at[i].col >= end);
                end = c.at[i].col + c.at[i].width + 1;
            }
        if (width >= 4) assert_int_equal(end - 1, width); /* all of it is used */
        assert_int_equal(c.at[1].width > 0, width >= 14);
        assert_int_equal(c.at[2].width > 0, width >= 9);
    }
}

static void test_lines(void **state)
{
    (void)state;
    ox_lines l = {0};
    size_t n;
    ox_lines_add(&l, OX_ROLE_PLAIN, "lost: there is no line yet", 26);
    ox_lines_new(&l);
    ox_lines_addf(&l, OX_ROLE_KEY, "%s", "key");
    ox_lines_tab(&l, 6);
    ox_lines_name(&l, OX_ROLE_OP, "o\x1bp", 3);
    ox_lines_new(&l);
    ox_lines_new(&l);
    ox_lines_addf(&l, OX_ROLE_PLAIN, WIDE "xyz");
    ox_lines_link(&l, (ox_node){7, 1});
    assert_int_equal(l.n, 3);
    assert_memory_equal(ox_lines_text(&l, 0, &n), "key   o\\x1bp", 12);
    assert_int_equal(n, 12);
    ox_lines_text(&l, 1, &n);
    assert_int_equal(n, 0);
    assert_int_equal(ox_lines_linked(&l, 2).id, 7);
    assert_int_equal(ox_lines_linked(&l, 9).id, 0);
    ox_lines_draw(&l, 0, &g, (ox_rect){0, 0, 1, 10}, 2);
    assert_string_equal(row(0), "y   o\\x1bp");
    ox_lines_draw(&l, 2, &g, (ox_rect){1, 0, 1, 10}, 1); /* half of a wide character is out of sight: so is the other */
    assert_string_equal(row(1), "xyz");
    ox_lines_free(&l);
}

/* Where colour says something, something else says it too: without colours no two of these look alike. */
static void test_themes(void **state)
{
    (void)state;
    const ox_theme *rows;
    size_t n = ox_themes(&rows);
    assert_true(n >= 4);
    for (size_t i = 0; i < n; i++) {
        assert_true(*rows[i].name && *rows[i].help);
        assert_ptr_equal(ox_theme_find(rows[i].name), &rows[i]);
    }
    const ox_theme *none = ox_theme_find("none");
    ox_cell plain = {.role = OX_ROLE_PLAIN}, cursor = plain, here = plain, match = plain;
    cursor.flags = OX_CELL_CURSOR;
    here.flags = OX_CELL_HERE;
    match.flags = OX_CELL_MATCH;
    const ox_cell *cells[] = {&plain, &cursor, &here, &match};
    for (int a = 0; a < 4; a++) {
        ox_look x = ox_theme_look(none, cells[a]);
        assert_true(x.fg == -1 && x.bg == -1);
        for (int b = 0; b < a; b++) assert_int_not_equal(x.how, ox_theme_look(none, cells[b]).how);
    }
    assert_null(ox_theme_find("nothing"));
}

static void test_looks_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        ox_look look;
    } good[] = {
        {"cyan", {6, -1, 0}},
        {"  black  on yellow bold ", {0, 3, OX_LOOK_BOLD}},
        {"208 underline reverse dim", {208, -1, OX_LOOK_UNDERLINE | OX_LOOK_REVERSE | OX_LOOK_DIM}},
        {"on 255", {-1, 255, 0}},
        {"bright-red on default", {9, -1, 0}},
        {"plain", {-1, -1, 0}},
    };
    static const char *const bad[] = {"",    " ",    "nix",     "red blue",       "on", "red on", "on red on red",
                                      "256", "1000", "bright-", "bright-default", "1x"};
    ox_look x;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(ox_look_parse(&x, good[i].words));
        assert_true(x.fg == good[i].look.fg && x.bg == good[i].look.bg && x.how == good[i].look.how);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(ox_look_parse(&x, bad[i]));
    ox_theme own = *ox_theme_find("dark"), none = *ox_theme_find("none");
    const ox_look look = {208, 4, OX_LOOK_UNDERLINE};
    assert_true(ox_theme_set(&own, "op", look) && ox_theme_set(&own, "match", look) && ox_theme_set(&none, "op", look));
    assert_false(ox_theme_set(&own, "nothing", look));
    ox_cell op = {.role = OX_ROLE_OP};
    assert_int_equal(ox_theme_look(&own, &op).fg, 208);
    x = ox_theme_look(&none, &op);
    assert_true(x.fg == -1 && x.bg == -1 && x.how == OX_LOOK_UNDERLINE);
    op.role = OX_ROLE_TYPE;
    op.flags = OX_CELL_MATCH;
    assert_int_equal(ox_theme_look(&own, &op).bg, 4);
    const char *word, *help;
    size_t n = 0;
    while (ox_tui_role(n, &word, &help)) {
        assert_true(*help && ox_theme_set(&own, word, look));
        n++;
    }
    assert_int_equal(n, OX_N_ROLES + 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_text_is_clipped),
        T(test_wide_characters),
        T(test_marks_combine),
        T(test_names_are_made_safe),
        T(test_sizes_hold),
        T(test_random_writes_keep_rows_whole),
        T(test_list),
        T(test_keys_have_names),
        T(test_table_of_keys),
        T(test_line_editor),
        T(test_needle),
        T(test_columns),
        T(test_lines),
        T(test_themes),
        T(test_looks_in_words),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
