/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tests/unit/lwm2m/test_durable.c - a registration that outlives its process. */
#include <stdlib.h>

#include "unit/lwm2m/world.h"

static unsigned changes;

static void on_changed(void *owner)
{
    (void)owner;
    changes++;
}

static struct sally_lwm2m_upcalls upcalls;

/* A client that tells of its changes. */
static struct world *open_world(void)
{
    struct world *w = world_open(11);

    upcalls = owner_upcalls;
    upcalls.on_changed = on_changed;
    sally_lwm2m_client_init(&w->client, &w->shared, &w->settings,
                            &w->resources, &upcalls, w);
    return w;
}

static void observe(struct world *w, const char *path)
{
    world_ask(w, (struct ask){ SALLY_CODE_GET, path, NULL, NO_FORMAT,
                               NO_FORMAT, { NULL, 0 },
                               SALLY_OBSERVE_REGISTER });
    assert_int_equal(w->code, SALLY_CODE_CONTENT);
}

static void attach(struct world *w, const char *path, const char *query)
{
    world_ask(w, (struct ask){ SALLY_CODE_PUT, path, query, NO_FORMAT,
                               NO_FORMAT, { NULL, 0 },
                               SALLY_OBSERVE_ABSENT });
    assert_int_equal(w->code, SALLY_CODE_CHANGED);
}

/* Registered, with two observations, attributes, and a /1 that was written. */
static struct world *lived(void)
{
    struct world *w = open_world();

    assert_int_equal(sally_lwm2m_client_restore(
                         &w->client, (struct sally_span){ NULL, 0 }, w->now),
                     SALLY_E_OK);
    sally_lwm2m_client_start(&w->client, w->now);
    world_settle(w);
    assert_int_equal(w->registers, 1);
    world_set(w, sally_path_resource(3303, 0, 5700), 20);
    observe(w, "3303/0/5700");
    observe(w, "3/0");
    attach(w, "3303/0", "pmin=7");
    assert_int_equal(world_write(w, "1/0/3", "77"), SALLY_CODE_CHANGED);
    assert_int_equal(world_write(w, "1/0/23", "1"), SALLY_CODE_CHANGED);
    return w;
}

static size_t save(struct world *w, uint8_t *room, size_t size)
{
    struct sally_buf b = { room, 0, size };

    assert_int_equal(sally_lwm2m_client_save(&w->client, &b), SALLY_E_OK);
    return b.len;
}

static void is_as_it_was(struct world *w)
{
    struct sally_path at = sally_path_resource(1, 0, 3);
    const struct sally_resource *pmax = sally_resources_find(&w->resources,
                                                             &at);

    assert_int_equal(sally_lwm2m_client_observations(&w->client), 2);
    assert_string_equal(w->client.location, "/rd/a1");
    assert_int_equal(w->client.lifetime, 300);
    assert_true(pmax->present &&
                sally_resources_value(&w->resources, pmax).is.integer == 77);
    assert_true(sally_lwm2m_client_send_muted(&w->client));
}

/* Numbers of notifications are higher, all else is the same. */
static void what_is_restored_is_what_was_saved(void **state)
{
    struct world *w = lived(), *v = open_world(), *u = open_world();
    uint8_t one[SALLY_CLIENT_SAVED_MAX], two[sizeof(one)];
    size_t n = save(w, one, sizeof(one));
    uint32_t number = sally_coap_link_observe_number(&w->client.link), later;

    (void)state;
    assert_int_equal(sally_lwm2m_client_restore(
                         &v->client, (struct sally_span){ one, n }, v->now),
                     SALLY_E_OK);
    is_as_it_was(v);
    later = sally_coap_link_observe_number(&v->client.link);
    assert_true(later > number + (1u << 20) && later < number + (1u << 23));
    assert_int_equal(save(v, two, sizeof(two)), n);
    assert_int_equal(sally_lwm2m_client_restore(
                         &u->client, (struct sally_span){ two, n }, u->now),
                     SALLY_E_OK);
    is_as_it_was(u);
    world_close(w);
    world_close(v);
    world_close(u);
}

/* A session that is not resumed: the server has to be told all anew. */
static void without_a_session_it_registers_and_forgets(void **state)
{
    struct world *w = lived(), *v = open_world();
    uint8_t saved[SALLY_CLIENT_SAVED_MAX];
    size_t n = save(w, saved, sizeof(saved));

    (void)state;
    assert_int_equal(sally_lwm2m_client_restore(
                         &v->client, (struct sally_span){ saved, n }, v->now),
                     SALLY_E_OK);
    sally_lwm2m_client_start(&v->client, v->now);
    world_settle(v);
    assert_int_equal(v->registers, 1);
    assert_int_equal(v->updates, 0);
    assert_int_equal(sally_lwm2m_client_observations(&v->client), 0);
    world_close(w);
    world_close(v);
}

static void nothing_is_restored(struct world *w, struct sally_span saved,
                                enum sally_err want)
{
    enum sally_err e = sally_lwm2m_client_restore(&w->client, saved, w->now);

    if (want != SALLY_E_OK)
        assert_int_equal(e, want);
    assert_int_not_equal(e, SALLY_E_OK);
    assert_int_equal(sally_lwm2m_client_observations(&w->client), 0);
    assert_string_equal(w->client.location, "");
    assert_int_equal(w->observations.used, 0);
    assert_int_equal(w->attributes.used, 0);
}

static void what_another_client_saved_is_not_taken(void **state)
{
    struct world *w = lived(), *v = open_world(), *u = open_world();
    struct sally_path lifetime = sally_path_resource(1, 0, 1);
    struct sally_lwm2m_value other = sally_value_integer(600);
    uint8_t saved[SALLY_CLIENT_SAVED_MAX];
    struct sally_span s = { saved, save(w, saved, sizeof(saved)) };

    (void)state;
    v->settings.endpoint = "plant-7-pump";
    nothing_is_restored(v, s, SALLY_E_NOT_FOUND);
    assert_int_equal(sally_resources_set(&u->resources, &lifetime, &other, 0),
                     SALLY_E_OK);
    nothing_is_restored(u, s, SALLY_E_NOT_FOUND);
    world_close(w);
    world_close(v);
    world_close(u);
}

/* Nobody can change it, since it is sealed; still it breaks nothing. */
static void damage_breaks_nothing(void **state)
{
    struct world *w = lived(), *v = open_world();
    uint8_t saved[SALLY_CLIENT_SAVED_MAX];
    size_t n = save(w, saved, sizeof(saved));

    (void)state;
    for (size_t i = 1; i < n; i++)
        nothing_is_restored(v, (struct sally_span){ saved, i }, SALLY_E_OK);
    for (size_t i = 0; i < n; i++) {
        saved[i] ^= 0xff;
        if (sally_lwm2m_client_restore(&v->client,
                                       (struct sally_span){ saved, n },
                                       v->now) == SALLY_E_OK) {
            world_close(v);
            v = open_world();
        }
        saved[i] ^= 0xff;
    }
    world_close(w);
    world_close(v);
}

static void tells_of_what_changed(void **state)
{
    struct world *w = lived();
    unsigned before = changes;

    (void)state;
    observe(w, "3303/0");
    assert_int_equal(changes, before + 1);
    attach(w, "3303", "pmax=9");
    assert_int_equal(changes, before + 2);
    assert_int_equal(world_write(w, "1/0/2", "1"), SALLY_CODE_CHANGED);
    assert_int_equal(changes, before + 3);
    world_set(w, sally_path_resource(3306, 0, 5851), 1);
    world_read(w, "3303/0/5700", NO_FORMAT);
    assert_int_equal(changes, before + 3);
    world_close(w);
}

static void leaves_without_a_word(void **state)
{
    struct world *w = lived();
    uint8_t saved[SALLY_CLIENT_SAVED_MAX];

    (void)state;
    sally_lwm2m_client_leave(&w->client, w->now);
    world_settle(w);
    assert_int_equal(w->state, SALLY_CLIENT_STOPPED);
    assert_int_equal(w->deregisters, 0);
    assert_true(save(w, saved, sizeof(saved)) > 0);
    world_close(w);
}

static void nothing_is_saved_without_a_registration(void **state)
{
    struct world *w = open_world();
    uint8_t room[SALLY_CLIENT_SAVED_MAX];
    struct sally_buf b = SALLY_BUF(room);

    (void)state;
    assert_int_equal(sally_lwm2m_client_save(&w->client, &b),
                     SALLY_E_BAD_STATE);
    world_close(w);
    w = lived();
    b.room = 20;
    assert_int_equal(sally_lwm2m_client_save(&w->client, &b), SALLY_E_NO_ROOM);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_restored_is_what_was_saved),
        cmocka_unit_test(without_a_session_it_registers_and_forgets),
        cmocka_unit_test(what_another_client_saved_is_not_taken),
        cmocka_unit_test(damage_breaks_nothing),
        cmocka_unit_test(tells_of_what_changed),
        cmocka_unit_test(leaves_without_a_word),
        cmocka_unit_test(nothing_is_saved_without_a_registration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
