// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "drivers/pg/core.h"

namespace caisson::pg {
namespace {

constexpr std::uint8_t most_attempts = 3;

}  // namespace

bool Lane::Core::is_outdated(const pg_result* result) { return libpq::is_outdated(result); }

void Lane::Core::on_readable() {
    const auto self = shared_from_this();
    const auto answered = stats_.answered;
    const bool is_alive = PQconsumeInput(connection_.get()) == 1;
    read_answers();
    if (!is_alive || is_broken_) {
        close(Unanswered::Reason::connection, libpq::first_line(PQerrorMessage(connection_.get())));
    } else if (!in_flight_.empty() && may_look_again(stats_.answered != answered)) {
        look_again();
    } else {
        watch_readable();
    }
    complete_all();
    if (on_answers && is_open()) {
        on_answers();
    }
}

/// Falling asleep and being woken costs more than a short request, on both sides of the socket.
bool Lane::Core::may_look_again(bool was_answered) {
    const auto now = Clock::now();
    if (was_answered) {
        awake_until_ = now + limits_.awake;
    }
    return now < awake_until_;
}

void Lane::Core::read_answers() {
    while (!in_flight_.empty() && !is_broken_ && read_request(*in_flight_.front())) {
        auto request = std::move(in_flight_.front());
        in_flight_.pop_front();
        head_since_ = Clock::now();
        finish(std::move(request));
    }
    if (in_flight_.empty() && !is_broken_ && PQstatus(connection_.get()) == CONNECTION_BAD) {
        is_broken_ = true;
    }
    while (const libpq::Owned<PGnotify> unheard{PQnotifies(connection_.get())}) {
        // Nobody listens on a lane of many; libpq would keep them for ever.
    }
}

/// Takes its results that are there. Whether its Sync was answered, so that all of them were.
bool Lane::Core::read_request(Request& request) {
    while (!is_broken_ && PQisBusy(connection_.get()) == 0) {
        libpq::Owned<pg_result> result(PQgetResult(connection_.get()));
        if (!result) {
            if (std::exchange(request.is_refused_at_sync, false)) {
                continue;  // Behind the error of the Sync, which is not answered yet.
            }
            // One stands behind the results of each message. More of them: there is nothing left
            // that we wait for, and we would wait for ever.
            if (++request.answered > request.expected) {
                break_off("the server sent an answer too many");
            }
            continue;
        }
        if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
            // One that comes too early is not the request's own, and what follows would be taken
            // for the answers to the next one.
            if (request.answered != request.expected) {
                break_off("the server was ready before it had answered");
            }
            return !is_broken_;
        }
        take_result(request, std::move(result));
    }
    return false;
}

void Lane::Core::break_off(std::string why) {
    last_words_ = std::move(why);
    is_broken_ = true;
}

void Lane::Core::take_result(Request& request, libpq::Owned<pg_result> result) {
    switch (PQresultStatus(result.get())) {
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            if (request.answered < request.preamble) {
                return;
            }
            if (request.kind == Request::Kind::work || request.kind == Request::Kind::lookup) {
                // Each message has one result; of two, nobody knows which is the answer.
                if (request.rows.size() > request.answered - request.preamble) {
                    break_off("the server sent two answers to one statement");
                }
                request.rows.emplace_back(result.release());
            } else if (request.kind == Request::Kind::prepare &&
                       request.answered == request.preamble + 1) {
                for (int i = 0; i < PQnparams(result.get()); ++i) {
                    request.parameters.push_back(PQparamtype(result.get(), i));
                }
                for (int i = 0; i < PQnfields(result.get()); ++i) {
                    request.columns.push_back(PQftype(result.get(), i));
                }
            }
            return;
        case PGRES_FATAL_ERROR:
            take_rejection(request, result.get());
            return;
        case PGRES_PIPELINE_ABORTED:
            return;
        default:
            // A COPY, which no pipeline can carry: what follows could not be told apart.
            break_off(fmt::format("the server answered with {}",
                                  PQresStatus(PQresultStatus(result.get()))));
    }
}

void Lane::Core::take_rejection(Request& request, const pg_result* result) {
    if (libpq::field(result, PG_DIAG_SQLSTATE).empty()) {
        break_off(libpq::first_line(PQresultErrorMessage(result)));
        return;
    }
    // All messages were answered: it is the implicit commit that failed, at a deferred constraint.
    request.is_refused_at_sync = request.answered == request.expected;
    if (libpq::field(result, PG_DIAG_SEVERITY_NONLOCALIZED) != "ERROR") {
        // FATAL and PANIC: the connection ends behind it.
        last_words_ = libpq::field(result, PG_DIAG_MESSAGE_PRIMARY);
    }
    if (!request.failure) {
        request.is_stale = !request.is_refused_at_sync && is_outdated(result);
        request.stale = request.answered;
        auto error = libpq::rejected(result, settings_);
        error.statement = request.answered - std::min(request.answered, request.preamble);
        request.failure = std::make_exception_ptr(std::move(error));
    }
}

void Lane::Core::finish(RequestPointer request) {
    if (request->kind == Request::Kind::prepare) {
        finish_prepare(*request);
        return;
    }
    if (request->kind == Request::Kind::lookup) {
        finish_lookup(*request);
        return;
    }
    if (request->kind == Request::Kind::command) {
        return;
    }
    ++stats_.answered;
    stats_.abandoned += request->abandoned ? 1 : 0;
    if (request->is_stale) {
        run_again(std::move(request));
    } else {
        complete_.push_back(std::move(request));
    }
}

/// Its transaction was rolled back, so nothing was applied, unless it stood in one that its caller
/// had opened: that one is for the caller to run again.
void Lane::Core::run_again(RequestPointer request) {
    const bool is_preamble = request->stale < request->preamble;
    const auto& statement =
        is_preamble ? preamble() : request->steps[request->stale - request->preamble].statement;
    for (auto& waiting : statements_.forget(statement)) {
        --unprepared_;
        submit(std::move(waiting));
    }
    if (PQtransactionStatus(connection_.get()) == PQTRANS_INERROR || request->abandoned ||
        ++request->attempts >= most_attempts) {
        complete_.push_back(std::move(request));
        return;
    }
    ++stats_.run_again;
    request->rows.clear();
    request->failure = nullptr;
    request->is_stale = false;
    submit(std::move(request));
}

void Lane::Core::finish_prepare(Request& request) {
    auto* const prepared = statements_.find(request.steps.front().statement);
    if (!prepared || prepared->is_ready) {
        return;
    }
    if (!request.failure) {
        prepared->parameters = std::move(request.parameters);
        std::vector<TypeId> unknown;
        for (const auto type : request.columns) {
            if (!is_binary(type) && !learnt_.contains(type)) {
                unknown.push_back(type);
            }
        }
        if (unknown.empty()) {
            make_ready(*prepared, request.columns);
        } else {
            look_up(std::move(unknown), request);
        }
        return;
    }
    auto waiting = statements_.forget(request.steps.front().statement);
    if (request.is_stale && request.stale < request.preamble) {
        std::ranges::move(statements_.forget(preamble()), std::back_inserter(waiting));
    } else if (!waiting.empty()) {
        // It failed for the one as whom it was prepared; others may have other rights.
        --unprepared_;
        auto first = std::move(waiting.front());
        waiting.erase(waiting.begin());
        first->failure = request.failure;
        finish(std::move(first));
    }
    for (auto& one : waiting) {
        --unprepared_;
        submit(std::move(one));
    }
}

void Lane::Core::look_up(std::vector<TypeId> types, Request& preparation) {
    auto request = std::make_unique<Request>();
    request->kind = Request::Kind::lookup;
    // Others may wait for it longer than the one who began it.
    request->deadline = std::max(preparation.deadline, Clock::now() + limits_.grace);
    request->subject = preparation.steps.front().statement;
    request->columns = std::move(preparation.columns);
    request->steps.push_back(
        {readable_types(), Arguments(std::vector<std::int64_t>(types.begin(), types.end()))});
    submit(std::move(request));
}

void Lane::Core::finish_lookup(Request& request) {
    for (const auto& rows : request.rows) {
        for (const auto row : rows) {
            learnt_[static_cast<TypeId>(row.get<std::int64_t>("id"))] = row.get<bool>("readable");
        }
    }
    // Not found, or it failed: as text, which is never wrong.
    for (const auto type : request.columns) {
        learnt_.try_emplace(type, is_binary(type));
    }
    if (auto* const prepared = statements_.find(*request.subject);
        prepared && !prepared->is_ready) {
        make_ready(*prepared, request.columns);
    }
}

void Lane::Core::make_ready(Prepared& prepared, const std::vector<TypeId>& columns) {
    prepared.is_ready = true;
    prepared.is_binary = std::ranges::all_of(columns, [&](TypeId type) {
        const auto found = learnt_.find(type);
        return found == learnt_.end() ? is_binary(type) : found->second;
    });
    for (auto& one : std::exchange(prepared.waiting, {})) {
        --unprepared_;
        submit(std::move(one));
    }
}

void Lane::Core::complete_all() {
    // By index: those who go on may close the lane, which comes here again.
    for (std::size_t i = 0; i < complete_.size(); ++i) {
        const auto request = std::move(complete_[i]);
        if (request && !request->abandoned) {
            request->complete();
        }
    }
    complete_.clear();
}

}  // namespace caisson::pg
