// SPDX-License-Identifier: Apache-2.0
/// What generated code promises of KYB, tried against a real server: blocking and in coroutines.
#include <iostream>
#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <caisson/drivers/pg/run.h>
#include <caisson/drivers/pg/run_async.h>
#include <caisson/trust/session.h>

#include "generated/kyb.h"

namespace {

namespace asio = boost::asio;
namespace pg = caisson::pg;
using kyb::businesses::Cursor;

int promises = 0;

void promise(bool holds, const std::string& what) {
    if (!holds) {
        throw std::runtime_error("NOT SO: " + what);
    }
    ++promises;
}

pg::Uuid new_id(pg::Connection& connection) {
    return connection.fetch("select gen_random_uuid()", {}).front().get<pg::Uuid>(0);
}

/// An account of one's own; its id is what a session holds.
pg::Uuid sign_up(pg::Connection& connection, const std::string& email) {
    kyb::users::New fresh(email, "Ada Example");
    fresh.id = new_id(connection);
    const auto made =
        pg::attempt(connection, pg::Session(fresh.id->text()), kyb::users::insert(fresh));
    promise(made && made->id == *fresh.id && made->status == "pending", "an account is made");
    return *fresh.id;
}

kyb::businesses::New business(const pg::Uuid& owner, int number) {
    return {owner, "Business " + std::to_string(number), "DE", "HRB " + std::to_string(number)};
}

void insert_and_read(pg::Connection& connection, const pg::Uuid& user) {
    const pg::Session session(user.text());
    auto fresh = business(user, 1);
    fresh.annual_revenue = pg::Numeric("1250000.50");
    fresh.revenue_currency = "EUR";
    fresh.founded_on = pg::Date(std::chrono::days(12'000));
    const auto made = pg::run(connection, session, kyb::businesses::insert(fresh));
    promise(made.status == "active", "what is not given has its default");
    promise(!made.city, "or is NULL");
    promise(made.registration_key == std::optional<std::string>("HRB1") ||
                made.registration_key.has_value(),
            "generated columns come back");
    const auto found = pg::run(connection, session, kyb::businesses::get(made.id));
    promise(found && found->legal_name == "Business 1" &&
                found->annual_revenue == pg::Numeric("1250000.50") &&
                found->founded_on == fresh.founded_on && found->created_at == made.created_at,
            "a row is read as it was stored");
    promise(pg::run(connection, session, kyb::businesses::exists(made.id)), "it is there");
    promise(!pg::run(connection, pg::Session(new_id(connection).text()),
                     kyb::businesses::exists(made.id)),
            "and nobody else's");
    const auto again = pg::attempt(connection, session, kyb::businesses::insert(fresh));
    promise(again.violates("businesses_registration_once") &&
                again.violation().kind == pg::Violation::Kind::unique,
            "a registration that is taken is a value");

    kyb::businesses::Changes changes;
    changes.city = "Hamburg";
    changes.annual_revenue = std::nullopt;
    changes.revenue_currency = std::nullopt;
    const auto changed =
        pg::run(connection, session, kyb::businesses::update(made.id, made.updated_at, changes));
    promise(changed && changed->city == "Hamburg" && !changed->annual_revenue &&
                changed->legal_name == "Business 1" && changed->updated_at > made.updated_at,
            "only what is given is changed");
    changes.city = "Bremen";
    promise(
        !pg::run(connection, session, kyb::businesses::update(made.id, made.updated_at, changes)),
        "an update of an old version changes nothing");
    fresh.legal_name = "Stored again";
    const auto stored = pg::run(connection, session, kyb::businesses::upsert(made.id, fresh));
    promise(stored.legal_name == "Stored again" && stored.owner_id == user,
            "the application upserts what it may change");
    promise(pg::run(connection, session, kyb::businesses::remove(made.id)), "a row is removed");
    promise(!pg::run(connection, session, kyb::businesses::remove(made.id)), "once");
    promise(!pg::run(connection, session, kyb::businesses::get(made.id)), "and gone");
}

void many_at_once(pg::Connection& connection, const pg::Uuid& user) {
    const pg::Session session(user.text());
    std::vector<kyb::businesses::New> rows;
    for (int number = 100; number < 110; ++number) {
        rows.push_back(business(user, number));
    }
    const auto batch = pg::run(connection, session, kyb::businesses::insert_batch(rows));
    promise(batch.size() == 10 && batch[9].legal_name == "Business 109", "a batch is stored");
    std::vector<kyb::businesses::Key> keys;
    for (const auto& row : batch) {
        keys.push_back(row.id);
    }
    keys.push_back(new_id(connection));
    promise(pg::run(connection, session, kyb::businesses::get_many(keys)).size() == 10,
            "those of many keys that there are");
    rows.clear();
    for (int number = 200; number < 215; ++number) {
        rows.push_back(business(user, number));
        if (number % 2 == 0) {
            rows.back().city = "Tab\tand \\ and \"quote\"";
        }
    }
    promise(pg::run(connection, session, kyb::businesses::insert_copy(rows)) == 15,
            "a copy is stored, row-level security or not");
    promise(pg::run(connection, session, kyb::businesses::count()) == 25, "counted");

    std::size_t seen = 0;
    std::optional<Cursor> after;
    while (true) {
        const auto page = pg::run(connection, session, kyb::businesses::list(7, after));
        if (page.empty()) {
            break;
        }
        seen += page.size();
        if (after) {
            promise(page.front().created_at <= after->created_at, "newest first");
        }
        after = Cursor(page.back());
    }
    promise(seen == 25, "pages give every row once");
    pg::run(connection, kyb::businesses::estimate());
}

void declared_queries(pg::Connection& connection, const pg::Uuid& user) {
    namespace queries = kyb::queries;
    const pg::Session session(user.text());
    std::vector<queries::AddBusinessesParameters> rows(3);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].owner_id = user;
        rows[i].legal_name = "  Imported " + std::to_string(i) + " ";
        rows[i].jurisdiction = "gb";
        rows[i].registration_number = "IMP " + std::to_string(i);
    }
    rows[1].trading_name = "One";
    promise(pg::run(connection, session, queries::add_businesses(rows)) == 3, "an import");

    queries::ListBusinessesFilters filters;
    filters.jurisdiction = "GB";
    const auto imported = pg::run(
        connection, session,
        queries::list_businesses(user, 10, 0, filters, queries::ListBusinessesOrder::by_name));
    promise(imported.size() == 3 && imported[1].legal_name == "Imported 1" &&
                imported[1].trading_name == "One" && !imported[0].trading_name,
            "filtered and in order");
    filters.compliance_status = "compliant";
    promise(pg::run(connection, session, queries::list_businesses(user, 10, 0, filters)).empty(),
            "filters add up");
    queries::ListBusinessesFilters recorded;
    recorded.recorded.emplace();
    recorded.recorded->since = pg::Timestamp(std::chrono::seconds(0));
    recorded.recorded->before = pg::Timestamp(std::chrono::seconds(1));
    promise(pg::run(connection, session, queries::list_businesses(user, 10, 0, recorded)).empty(),
            "a filter of two parameters");
    promise(pg::run(connection, session, queries::list_businesses(user, 100, 0)).size() == 28,
            "without a filter");

    std::size_t exported = 0;
    pg::transact(connection, session, [&](pg::Connection& inside) {
        pg::each(inside, queries::export_businesses(user),
                 [&](const queries::ExportBusinessesRow& row) {
                     exported += row.legal_name.empty() ? 0 : 1;
                 });
    });
    promise(exported == 28, "a stream");
    const auto found = pg::run(connection, session, queries::find_business(imported[0].id));
    promise(found && found->id == imported[0].id, "a whole row is the repository's");
    const auto key = queries::find_business_cache_key(user);
    promise(key.pattern == "business:{id}" && key.values == std::vector{user.text()},
            "a cache key");
}

void past_the_policies(pg::Connection& service, const pg::Uuid& user) {
    kyb::risk_assessments::New orphan(new_id(service), 12, "rules", "test");
    const auto made = pg::attempt(service, kyb::risk_assessments::insert(orphan));
    promise(!made && made.violation().kind == pg::Violation::Kind::foreign_key &&
                made.violation().constraint == "risk_assessments_business_id_fkey",
            "a row that points to nothing is a value");
    const auto id = new_id(service);
    auto row = business(user, 900);
    promise(pg::run(service, kyb::businesses::upsert(id, row)).id == id, "upsert inserts");
    row.legal_name = "Renamed";
    promise(pg::run(service, kyb::businesses::upsert(id, row)).legal_name == "Renamed",
            "and changes");
    kyb::token_blacklist::New token(pg::Bytes(std::string(32, 'x')), user, "signed_out",
                                    pg::Timestamp(std::chrono::seconds(4'000'000'000)));
    promise(pg::run(service, kyb::token_blacklist::upsert(token)).reason == "signed_out",
            "a key that is part of the row");
    promise(pg::run(service, kyb::token_blacklist::exists(token.token_hash)), "is found by it");
}

asio::awaitable<void> in_coroutines(const pg::Settings& settings, pg::Uuid user) {
    pg::Pool pool(co_await asio::this_coro::executor, settings);
    const pg::Session session(user.text());
    const auto made =
        co_await pg::attempt(pool, session, kyb::businesses::insert(business(user, 300)));
    promise(bool(made), "inserted in a coroutine");
    const auto again =
        co_await pg::attempt(pool, session, kyb::businesses::insert(business(user, 300)));
    promise(again.violates("businesses_registration_once"), "a violation in a coroutine");
    const auto found = co_await pg::run(pool, session, kyb::businesses::get(made->id));
    promise(found && found->legal_name == "Business 300", "read in a coroutine");
    std::vector<kyb::businesses::New> rows = {business(user, 301), business(user, 302)};
    const auto batch = co_await pg::run(pool, session, kyb::businesses::insert_batch(rows));
    promise(batch.size() == 2, "a batch in a coroutine");
    rows = {business(user, 303)};
    const auto copied = co_await pg::run(pool, session, kyb::businesses::insert_copy(rows));
    promise(copied == 1, "a copy in a coroutine");
    const auto name = co_await pg::transact(
        pool, session, [&](pg::Lease::Transaction& transaction) -> asio::awaitable<std::string> {
            kyb::businesses::Changes changes;
            changes.city = "Kiel";
            const auto changed =
                co_await pg::run(transaction, kyb::businesses::update(made->id, changes));
            co_return changed->city.value_or("");
        });
    promise(name == "Kiel", "a transaction in a coroutine");
    auto lease = co_await pool.lease();
    std::size_t rows_seen = 0;
    co_await pg::each(lease, session, kyb::queries::export_businesses(user),
                      [&](const kyb::queries::ExportBusinessesRow&) { ++rows_seen; });
    promise(rows_seen > 3, "a stream in a coroutine");
}

}  // namespace

int main(int count, char** arguments) {
    try {
        const auto run = caisson::trust::make_run(count > 1 ? arguments[1] : ".", "local");
        const auto& database = run.manifest.database("kyb");
        const auto app = caisson::trust::role_settings(run, database, caisson::trust::Role::app);
        pg::Connection connection(app);
        pg::Connection service(
            caisson::trust::role_settings(run, database, caisson::trust::Role::service));
        const auto user = sign_up(connection, "ada@example.org");
        insert_and_read(connection, user);
        many_at_once(connection, user);
        declared_queries(connection, user);
        past_the_policies(service, user);
        asio::io_context io(1);
        asio::co_spawn(io, in_coroutines(app, user), [](std::exception_ptr failure) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        });
        io.run();
        std::cout << promises << " promises, and every one kept\n";
        return 0;
    } catch (const caisson::Error& error) {
        std::cerr << error.message() << " " << error.fact("sqlstate") << "\n"
                  << error.hint() << "\n";
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
    }
    return 1;
}
