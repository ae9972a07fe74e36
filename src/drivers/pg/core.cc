// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/core.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/text.h"

namespace caisson::pg {

namespace asio = boost::asio;

Lane::Core::Core(asio::any_io_executor executor, Settings settings, LaneLimits limits)
    : executor_(std::move(executor)),
      settings_(std::move(settings)),
      limits_(limits),
      socket_(executor_),
      timer_(executor_),
      manual_timer_(executor_),
      statements_(std::max<std::size_t>(limits.statements, 2)) {}

/// Sets what a session is for the transaction at hand, and how long its statements may take. All
/// of it is set each time, so that nothing stays that somebody may have left in the connection.
const Statement& Lane::Core::preamble() {
    static const Statement statement(
        "select set_config('app.current_user_id', $1, true), set_config('role', $2, true), "
        "set_config('statement_timeout', $3, true), set_config('app.request_id', $4, true), "
        "set_config('app.purpose', $5, true)");
    return statement;
}

Lane::Core::~Core() { release_socket(); }

void Lane::Core::submit(RequestPointer request) {
    if (request->abandoned) {
        return;
    }
    if (!is_open()) {
        request->give_up(std::make_exception_ptr(Unanswered(
            Unanswered::Reason::connection, request->may_have_run, "the connection was closed")));
        return;
    }
    if (request->session && !find_or_prepare(preamble(), request)) {
        return;
    }
    for (std::size_t i = 0; i < request->steps.size(); ++i) {
        if (!find_or_prepare(request->steps[i].statement, request)) {
            return;
        }
    }
    if (!fit_arguments(*request)) {
        return;
    }
    if (request->only_prepares) {
        request->complete_soon();
        return;
    }
    bool is_sent = send_preamble(*request);
    for (const auto& step : request->steps) {
        is_sent = is_sent && send_step(*statements_.find(step.statement), step.arguments);
    }
    request->expected = request->preamble + request->steps.size();
    enqueue(std::move(request), is_sent);
}

/// The statement when it is ready; otherwise the request is taken, and submitted again then.
Prepared* Lane::Core::find_or_prepare(const Statement& statement, RequestPointer& request) {
    Prepared* const prepared = statements_.find(statement);
    if (prepared && prepared->is_ready) {
        return prepared;
    }
    if (prepared) {
        ++unprepared_;
        watch_deadline(request->deadline);
        prepared->waiting.push_back(std::move(request));
    } else {
        prepare(statement, std::move(request));
    }
    return nullptr;
}

void Lane::Core::prepare(const Statement& statement, RequestPointer request) {
    auto preparation = std::make_unique<Request>();
    preparation->kind = Request::Kind::prepare;
    preparation->deadline = request->deadline;
    preparation->steps.push_back({statement, {}});
    if (!(statement == preamble())) {
        // Names are looked up as the role that asks: its search path, its right to use a schema.
        preparation->session = request->session;
    }
    auto& prepared = statements_.add(statement, !is_pooled_);
    ++unprepared_;
    ++stats_.prepares;
    prepared.waiting.push_back(std::move(request));
    bool is_sent = send_preamble(*preparation);
    is_sent = is_sent &&
              PQsendPrepare(connection_.get(), prepared.name.c_str(), statement.text().c_str(), 0,
                            nullptr) == 1 &&
              PQsendDescribePrepared(connection_.get(), prepared.name.c_str()) == 1;
    preparation->expected = preparation->preamble + 2;
    enqueue(std::move(preparation), is_sent);
    for (const auto& name : statements_.evict()) {
        if (!is_pooled_) {
            send_command("deallocate " + name);
        }
    }
}

/// Whether they fit; the caller has been told otherwise.
bool Lane::Core::fit_arguments(Request& request) {
    try {
        for (auto& step : request.steps) {
            step.arguments.fit(statements_.find(step.statement)->parameters);
        }
        return true;
    } catch (const Error&) {
        request.give_up(std::current_exception());
        return false;
    }
}

bool Lane::Core::send_preamble(Request& request) {
    request.preamble = request.session ? 1 : 0;
    if (!request.session) {
        return true;
    }
    const auto* const prepared = statements_.find(preamble());
    const auto& session = *request.session;
    const std::string limit = statement_timeout(request.deadline);
    const std::string_view role =
        session.role().empty() ? "none" : std::string_view(session.role());
    const std::array<std::string_view, 5> texts = {session.user(), role, limit, session.request(),
                                                   session.purpose()};
    std::array<const char*, texts.size()> values{};
    std::array<int, texts.size()> lengths{};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        values[i] = texts[i].data();
        lengths[i] = static_cast<int>(texts[i].size());
    }
    // Binary, because a text ends at its first zero byte, and would then name somebody else.
    constexpr std::array<int, texts.size()> formats = {1, 1, 1, 1, 1};
    return send(*prepared, texts.size(), values.data(), lengths.data(), formats.data());
}

/// Through a pooler the statement goes along each time: what was prepared is in another connection.
bool Lane::Core::send(const Prepared& prepared, std::size_t size, const char* const* values,
                      const int* lengths, const int* formats) {
    const int count = static_cast<int>(size);
    const int binary = prepared.is_binary ? 1 : 0;
    return is_pooled_ ? PQsendQueryParams(connection_.get(), prepared.statement.text().c_str(),
                                          count, prepared.parameters.data(), values, lengths,
                                          formats, binary) == 1
                      : PQsendQueryPrepared(connection_.get(), prepared.name.c_str(), count, values,
                                            lengths, formats, binary) == 1;
}

bool Lane::Core::send_step(const Prepared& prepared, const Arguments& arguments) {
    const auto size = arguments.size();
    values_.resize(size);
    lengths_.resize(size);
    formats_.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
        const auto& slot = arguments.slot(i);
        values_[i] = slot.size < 0 ? nullptr : arguments.data(slot);
        lengths_[i] = slot.size;
        formats_[i] = slot.type == type::unknown ? 0 : 1;
    }
    return send(prepared, size, values_.data(), lengths_.data(), formats_.data());
}

void Lane::Core::send_command(const std::string& text) {
    auto request = std::make_unique<Request>();
    request->kind = Request::Kind::command;
    request->deadline = Clock::now() + limits_.request;
    request->expected = 1;
    const bool is_sent = PQsendQueryParams(connection_.get(), text.c_str(), 0, nullptr, nullptr,
                                           nullptr, nullptr, 0) == 1;
    enqueue(std::move(request), is_sent);
}

bool Lane::Core::send_alone(const Session& session, Query& query, Clock::time_point deadline) {
    Request request;
    request.session = session;
    request.deadline = deadline;
    const auto* const prepared = statements_.find(query.statement);
    query.arguments.fit(prepared->parameters);
    return send_preamble(request) && send_step(*prepared, query.arguments) &&
           PQpipelineSync(connection_.get()) == 1;
}

std::string Lane::Core::statement_timeout(Clock::time_point deadline) {
    constexpr std::int64_t most_early = 50;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return std::to_string(std::clamp<std::int64_t>(left - std::min(left / 10, most_early), 1,
                                                   std::numeric_limits<std::int32_t>::max()));
}

Query Lane::Core::preamble_of(const Session& session, Clock::time_point deadline) {
    return {preamble(),
            Arguments(session.user(), session.role().empty() ? "none" : session.role(),
                      statement_timeout(deadline), session.request(), session.purpose())};
}

void Lane::Core::check(std::chrono::milliseconds limit) {
    auto request = std::make_unique<Request>();
    request->kind = Request::Kind::command;
    request->deadline = Clock::now() + limit;
    enqueue(std::move(request), true);
}

/// The Sync behind it. When it could not be sent, the connection is at its end.
void Lane::Core::enqueue(RequestPointer request, bool is_sent) {
    if (in_flight_.empty()) {
        head_since_ = Clock::now();
    }
    request->answered = 0;
    request->is_refused_at_sync = false;
    watch_deadline(request->deadline);
    in_flight_.push_back(std::move(request));
    is_sent = is_sent && PQpipelineSync(connection_.get()) == 1;
    const int unsent = is_sent ? PQflush(connection_.get()) : -1;
    if (unsent > 0) {
        watch_writable();
    } else if (unsent < 0) {
        is_broken_ = true;
        asio::post(executor_, [self = shared_from_this()] {
            self->close(Unanswered::Reason::connection,
                        libpq::first_line(PQerrorMessage(self->connection_.get())));
        });
    }
}

void Lane::Core::close(Unanswered::Reason reason, const std::string& why) {
    if (!connection_) {
        return;
    }
    const auto self = shared_from_this();
    const std::string text = last_words_.empty() ? why : last_words_;
    is_broken_ = true;
    release_socket();
    connection_.reset();
    timer_.cancel();
    manual_timer_.cancel();
    std::vector<RequestPointer> elsewhere;
    const auto settle = [&](RequestPointer request, bool was_sent) {
        if (request->kind != Request::Kind::work || request->abandoned) {
            return;
        }
        const bool is_open_question = was_sent && !request->idempotent;
        if (on_broken && !request->is_bound && !is_open_question &&
            reason != Unanswered::Reason::closed) {
            request->may_have_run = request->may_have_run || was_sent;
            request->rows.clear();
            request->failure = nullptr;
            elsewhere.push_back(std::move(request));
            return;
        }
        request->give_up(
            std::make_exception_ptr(Unanswered(reason, was_sent || request->may_have_run,
                                               fmt::format("{}: {}", settings_.text(), text))));
    };
    for (auto& request : std::exchange(in_flight_, {})) {
        settle(std::move(request), true);
    }
    for (auto& request : statements_.clear()) {
        settle(std::move(request), false);
    }
    unprepared_ = 0;
    if (on_broken) {
        on_broken(std::move(elsewhere));
    }
}

LaneStats Lane::Core::stats() const {
    auto stats = stats_;
    stats.in_flight = in_flight();
    stats.prepared = statements_.size();
    return stats;
}

}  // namespace caisson::pg
