// SPDX-License-Identifier: Apache-2.0
// Statements with typed arguments, and rows, over a blocking connection.
#include <algorithm>
#include <utility>

#include <libpq-fe.h>

#include "drivers/pg/connection.h"
#include "drivers/pg/describe.h"
#include "drivers/pg/kept.h"
#include "drivers/pg/libpq.h"

namespace caisson::pg {
namespace {

using OwnedResult = libpq::Owned<pg_result>;

std::vector<TypeId> column_types(const pg_result* result) {
    std::vector<TypeId> types;
    for (int i = 0; i < PQnfields(result); ++i) {
        types.push_back(PQftype(result, i));
    }
    return types;
}

std::vector<TypeId> parameter_types(const pg_result* result) {
    std::vector<TypeId> types;
    for (int i = 0; i < PQnparams(result); ++i) {
        types.push_back(PQparamtype(result, i));
    }
    return types;
}

Arguments fitted(const Prepared& prepared, Arguments arguments) {
    arguments.fit(prepared.parameters);
    return arguments;
}

}  // namespace

/// The result of a message that gives one. Errors: as query().
pg_result* Connection::only_result() {
    OwnedResult kept;
    OwnedResult failed;
    while (pg_result* const result = next_result()) {
        if (!end_copy(result)) {
            (PQresultStatus(result) == PGRES_FATAL_ERROR ? failed : kept).reset(result);
        }
    }
    return failed ? failed.release() : kept.release();
}

void Connection::prepare(const char* name, const std::string& text) {
    if (!connection_) {
        fail_broken();
    }
    send(PQsendPrepare(connection_.get(), name, text.c_str(), 0, nullptr) == 1);
    OwnedResult result(only_result());
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
        fail(result.release(), 0);
    }
}

/// What is prepared stays in the connection that it was prepared in; a pooler in transaction mode
/// gives the next request another one.
void Connection::refuse_pooler() {
    if (!kept_) {
        kept_ = std::make_unique<Kept>();
        kept_->is_pooled = query("select pg_backend_pid() as process").front().integer("process") !=
                           backend_process();
    }
    if (kept_->is_pooled) {
        throw Error(
            Code::usage,
            "typed statements were asked for over a blocking connection through a pooler",
            "ask a pg::Pool, which does without preparing, or connect to PostgreSQL itself");
    }
}

Prepared& Connection::prepared(const Statement& statement) {
    if (statement.needs_own_lane() == "copy") {
        throw Error(Code::usage, "COPY was asked of a connection as a query that gives rows",
                    "copy_in() and copy_out() do it");
    }
    refuse_pooler();
    if (auto* const found = kept_->statements.find(statement)) {
        return *found;
    }
    // Under a name of its own, and kept only once all is known about it.
    const auto name = kept_->statements.add(statement, true).name;
    try {
        prepare(name.c_str(), statement.text());
        send(PQsendDescribePrepared(connection_.get(), name.c_str()) == 1);
        OwnedResult result(only_result());
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
            fail(result.release(), 0);
        }
        const auto columns = column_types(result.get());
        auto parameters = parameter_types(result.get());
        std::vector<std::int64_t> unknown;
        std::ranges::copy_if(columns, std::back_inserter(unknown), [&](TypeId type) {
            return !is_binary(type) && !kept_->readable.contains(type);
        });
        if (!unknown.empty()) {
            for (const auto type : unknown) {
                kept_->readable[static_cast<TypeId>(type)] = false;
            }
            for (const auto row : fetch(readable_types(), Arguments(unknown))) {
                kept_->readable[static_cast<TypeId>(row.get<std::int64_t>("id"))] =
                    row.get<bool>("readable");
            }
        }
        auto& made = *kept_->statements.find(statement);
        made.parameters = std::move(parameters);
        made.is_binary = std::ranges::all_of(
            columns, [&](TypeId type) { return is_binary(type) || kept_->readable[type]; });
        made.is_ready = true;
    } catch (...) {
        kept_->statements.forget(statement);
        throw;
    }
    return *kept_->statements.find(statement);
}

/// Before a request, because in the middle of one its own statements must stay.
void Connection::evict_statements() {
    if (!kept_ || !connection_ || PQtransactionStatus(connection_.get()) == PQTRANS_INERROR) {
        return;
    }
    for (const auto& old : kept_->statements.evict()) {
        query("deallocate " + old);
    }
}

/// `arguments`: fitted.
void Connection::send_prepared(const Prepared& prepared, const Arguments& arguments) {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& slot = arguments.slot(i);
        values.push_back(slot.size < 0 ? nullptr : arguments.data(slot));
        lengths.push_back(slot.size);
        formats.push_back(slot.type == type::unknown ? 0 : 1);
    }
    send(PQsendQueryPrepared(connection_.get(), prepared.name.c_str(),
                             static_cast<int>(values.size()), values.data(), lengths.data(),
                             formats.data(), prepared.is_binary ? 1 : 0) == 1);
}

/// The result of a prepared statement; prepared again when it is outdated.
template <typename Send>
pg_result* Connection::ask_prepared(const Statement& statement, const Send& send_one) {
    evict_statements();
    for (bool is_again = false;; is_again = true) {
        send_one(prepared(statement));
        OwnedResult result(only_result());
        if (!result || PQresultStatus(result.get()) != PGRES_FATAL_ERROR) {
            return result.release();
        }
        if (!libpq::is_outdated(result.get())) {
            fail(result.release(), 0);
        }
        kept_->statements.forget(statement);
        // In a transaction the error has ended it, and its owner runs it again as a whole.
        if (is_again || in_transaction()) {
            fail(result.release(), 0);
        }
    }
}

Rows Connection::fetch(const Statement& statement, const Arguments& arguments) {
    return Rows(ask_prepared(
        statement, [&](const Prepared& ready) { send_prepared(ready, fitted(ready, arguments)); }));
}

Result Connection::repeat(const Statement& statement, const Parameters& parameters) {
    try {
        refuse_pooler();
    } catch (const Error& error) {
        if (error.code() != Code::usage) {
            throw;
        }
        return query(statement.text(), parameters);  // It keeps nothing, and needs not.
    }
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters) {
        values.push_back(parameter.pointer());
    }
    return Result(ask_prepared(statement, [&](const Prepared& ready) {
        send(PQsendQueryPrepared(connection_.get(), ready.name.c_str(),
                                 static_cast<int>(values.size()), values.data(), nullptr, nullptr,
                                 0) == 1);
    }));
}

std::vector<Rows> Connection::fetch_all(const std::vector<Query>& queries) {
    evict_statements();
    for (bool is_again = false;; is_again = true) {
        // What is wrong with arguments shows before anything is sent.
        std::vector<Arguments> arguments;
        arguments.reserve(queries.size());
        for (const auto& query : queries) {
            arguments.push_back(fitted(prepared(query.statement), query.arguments));
        }
        std::vector<Rows> all;
        OwnedResult failed;
        try {
            send(PQenterPipelineMode(connection_.get()) == 1);
            for (std::size_t i = 0; i < queries.size(); ++i) {
                send_prepared(prepared(queries[i].statement), arguments[i]);
            }
            send(PQpipelineSync(connection_.get()) == 1);
            for (bool is_synced = false; !is_synced;) {
                OwnedResult result(next_result());
                if (!result) {
                    if (is_broken()) {
                        fail_broken();
                    }
                    continue;
                }
                const auto status = PQresultStatus(result.get());
                is_synced = status == PGRES_PIPELINE_SYNC;
                if (status == PGRES_FATAL_ERROR) {
                    failed = std::move(result);
                    is_synced = PQstatus(connection_.get()) == CONNECTION_BAD;
                } else if (!is_synced && status != PGRES_PIPELINE_ABORTED) {
                    all.emplace_back(result.release());
                }
            }
            // The NULL behind the Sync.
            if (!is_broken()) {
                const OwnedResult behind(next_result());
                send(PQexitPipelineMode(connection_.get()) == 1);
            }
        } catch (...) {
            // In the middle of a pipeline: nobody could tell its answers apart any more.
            connection_.reset();
            throw;
        }
        if (!failed) {
            return all;
        }
        const bool is_outdated = libpq::is_outdated(failed.get());
        if (is_outdated) {
            for (const auto& query : queries) {
                kept_->statements.forget(query.statement);
            }
        }
        // Outside of a transaction nothing of it was applied. Inside, its owner runs all again.
        if (!is_outdated || is_again || is_broken() || in_transaction()) {
            fail(failed.release(), all.size());
        }
    }
}

Description describe(Connection& connection, std::string_view statement) {
    connection.prepare("", std::string(statement));
    connection.send(PQsendDescribePrepared(connection.connection_.get(), "") == 1);
    OwnedResult result(connection.only_result());
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
        connection.fail(result.release(), 0);
    }
    Description description;
    description.parameters = parameter_types(result.get());
    for (int i = 0; i < PQnfields(result.get()); ++i) {
        description.columns.push_back({PQfname(result.get(), i), PQftype(result.get(), i),
                                       PQftable(result.get(), i), PQftablecol(result.get(), i)});
    }
    return description;
}

}  // namespace caisson::pg
