/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/cli/tables.c - tables of 80 columns. */
#include "cli/tables.h"

#include <string.h>

#include "base/text.h"

#define TEXT_ROOM 512 /* bytes of one cell */
#define PAIR_WIDTH 20
#define SECONDS 19 /* columns of a time to the second */

struct cell {
    char room[TEXT_ROOM];
    struct sally_span text;
};

/* A scalar as a person writes it; others and null are blank. */
static struct sally_span text_of(struct sally_json j, struct cell *c)
{
    struct sally_buf buf = { (uint8_t *)c->room, 0, sizeof(c->room) };
    struct sally_writer w = sally_writer_into(&buf);
    int64_t whole = 0;
    uint64_t large = 0;
    double real = 0;
    bool b = false;
    char number[SALLY_REAL_TEXT];

    c->text = (struct sally_span){ NULL, 0 };
    if (sally_json_string(j, &c->text))
        return c->text;
    if (sally_json_boolean(j, &b))
        sally_put_text(&w, b ? "yes" : "no");
    else if (sally_json_integer(j, &whole))
        sally_put_format(&w, "%lld", (long long)whole);
    else if (sally_json_unsigned(j, &large))
        sally_put_decimal(&w, large);
    else if (sally_json_real(j, &real)) {
        (void)sally_text_from_real(real, number);
        sally_put_text(&w, number);
    }
    c->text = sally_buf_span(&buf);
    return c->text;
}

static struct sally_span member_text(struct sally_json row, const char *name,
                                     struct cell *c)
{
    struct sally_json member;

    c->text = (struct sally_span){ NULL, 0 };
    if (!sally_json_member(row, name, &member))
        return c->text;
    return text_of(member, c);
}

static void column(FILE *out, struct sally_json row, const char *name,
                   size_t width)
{
    struct cell c;

    sally_print_column(out, member_text(row, name, &c), width);
    fputc(' ', out);
}

/* The last column of a line has no end. */
static void last(FILE *out, struct sally_json row, const char *name)
{
    struct cell c;

    sally_print_clean(out, member_text(row, name, &c));
    fputc('\n', out);
}

static void put_pair(FILE *out, struct sally_span name, struct sally_json j,
                     const char *indent)
{
    char words[PAIR_WIDTH + 1] = "";
    struct cell c;
    struct sally_span text = text_of(j, &c);

    if (text.len == 0)
        return; /* nothing is known */
    for (size_t i = 0; i < name.len && i < PAIR_WIDTH; i++)
        words[i] = (char)(name.at[i] == '_' ? ' ' : name.at[i]);
    fputs(indent, out);
    sally_print_column(out, sally_span_of(words), PAIR_WIDTH);
    fputc(' ', out);
    sally_print_clean(out, text);
    fputc('\n', out);
}

static bool is_scalar(struct sally_json j)
{
    enum sally_json_type t = sally_json_type_of(j);

    return t != SALLY_JSON_ARRAY && t != SALLY_JSON_OBJECT;
}

static void put_pairs(FILE *out, struct sally_json row, const char *indent,
                      const char *except)
{
    struct sally_json_walk walk = sally_json_members(row);
    struct sally_span name;
    struct sally_json value;

    while (sally_json_next(&walk, &name, &value))
        if (is_scalar(value) && !sally_span_is(name, except))
            put_pair(out, name, value, indent);
}

void sally_table_pairs(FILE *out, struct sally_json row)
{
    put_pairs(out, row, "", "");
}

void sally_table_text(FILE *out, struct sally_json row)
{
    struct sally_json member;
    struct sally_span text;

    if (!sally_json_member(row, "text", &member) ||
        !sally_json_string(member, &text))
        return;
    sally_print_clean(out, text);
    fputc('\n', out);
}

void sally_table_order(FILE *out, struct sally_json row)
{
    struct sally_json member;
    struct sally_span id = { NULL, 0 }, why = { NULL, 0 };

    if (sally_json_member(row, "id", &member))
        (void)sally_json_string(member, &id);
    if (sally_json_member(row, "why", &member))
        (void)sally_json_string(member, &why);
    sally_print_clean(out, id);
    fputs(why.len == 0 ? ": done" : ": ", out);
    sally_print_clean(out, why);
    fputc('\n', out);
}

/* 18 + 6 + 9 + 19 + 10 + 12 columns and five spaces: the time to the second. */
void sally_table_sensors_heading(FILE *out)
{
    fprintf(out, "%-18s %-6s %-9s %-19s %-10s %s\n", "SENSOR", "ONLINE",
            "LEVEL", "LAST SEEN (UTC)", "SERVER", "STATE");
}

/* One that says nothing may be online all the same: that is the news. */
static void put_online(FILE *out, struct sally_json row)
{
    struct sally_json member;
    bool silent = false;

    if (sally_json_member(row, "silent", &member))
        (void)sally_json_boolean(member, &silent);
    if (!silent) {
        column(out, row, "online", 6);
        return;
    }
    sally_print_column(out, sally_span_of("silent"), 6);
    fputc(' ', out);
}

static void put_sensor(FILE *out, struct sally_json row,
                       struct sally_json account)
{
    column(out, row, "id", 18);
    put_online(out, row);
    column(out, row, "level", 9);
    column(out, row, "last_seen", SECONDS);
    column(out, account, "server", 10);
    last(out, account, "state");
}

void sally_table_sensor(FILE *out, struct sally_json row)
{
    struct sally_json accounts, account;
    size_t count = 0;

    if (sally_json_member(row, "accounts", &accounts))
        count = sally_json_count(accounts);
    if (count == 0)
        put_sensor(out, row, (struct sally_json){ NULL });
    for (size_t i = 0; i < count; i++)
        if (sally_json_item(accounts, i, &account))
            put_sensor(out, row, account);
}

static void put_hop(FILE *out, struct sally_json hop)
{
    bool ok = false;
    struct sally_json member;

    if (sally_json_member(hop, "ok", &member))
        (void)sally_json_boolean(member, &ok);
    fputs(ok ? "  ok  " : "  --  ", out);
    column(out, hop, "hop", 14);
    last(out, hop, "detail");
}

static void put_hops(FILE *out, struct sally_json hops)
{
    struct sally_json hop;

    for (size_t i = 0; sally_json_item(hops, i, &hop); i++)
        put_hop(out, hop);
}

static void put_accounts(FILE *out, struct sally_json accounts)
{
    struct sally_json account;

    for (size_t i = 0; sally_json_item(accounts, i, &account); i++) {
        fputs("account\n", out);
        put_pairs(out, account, "  ", "");
    }
}

static void put_broken(FILE *out, struct sally_json broken)
{
    struct sally_span hop;

    if (sally_json_string(broken, &hop) && hop.len != 0) {
        fputs("broken at ", out);
        sally_print_clean(out, hop);
        fputc('\n', out);
    } else {
        fputs("nothing is broken\n", out);
    }
}

void sally_table_show(FILE *out, struct sally_json row)
{
    struct sally_json member;

    if (sally_json_member(row, "hop", &member)) {
        put_hop(out, row);
        return;
    }
    put_pairs(out, row, "", "broken");
    if (sally_json_member(row, "accounts", &member))
        put_accounts(out, member);
    if (sally_json_member(row, "hops", &member))
        put_hops(out, member);
    if (sally_json_member(row, "broken", &member))
        put_broken(out, member);
}

static void labelled(FILE *out, struct sally_json row, const char *name,
                     const char *label)
{
    struct cell c;
    struct sally_span text = member_text(row, name, &c);

    if (text.len == 0)
        return;
    fprintf(out, "  %-8s ", label);
    sally_print_clean(out, text);
    fputc('\n', out);
}

/* A finding: what is wrong, why that may be, what to change. */
void sally_table_doctor(FILE *out, struct sally_json row)
{
    struct cell where, finding;

    sally_print_clean(out, member_text(row, "where", &where));
    fputs(": ", out);
    sally_print_clean(out, member_text(row, "finding", &finding));
    fputc('\n', out);
    labelled(out, row, "cause", "cause");
    labelled(out, row, "change", "change");
    labelled(out, row, "resource", "resource");
}

/* 14 + 16 + 19 + 6 + 19 columns and four spaces. */
void sally_table_values_heading(FILE *out)
{
    fprintf(out, "%-14s %-16s %-19s %-6s %s\n", "SENSOR", "PATH", "VALUE",
            "UNIT", "TIME (UTC)");
}

void sally_table_value(FILE *out, struct sally_json row)
{
    struct cell c;

    column(out, row, "sensor", 14);
    column(out, row, "path", 16);
    column(out, row, "value", 19);
    column(out, row, "unit", 6);
    sally_print_clean(out,
                      sally_span_sub(member_text(row, "time", &c), 0, SECONDS));
    fputc('\n', out);
}
