// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/protocol.h"

#include <charconv>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "base/error.h"

namespace caisson::redis {
namespace {

/// Where the next value belongs: the end of the list that is being read, or nowhere yet.
Reply* place_of(const redisReadTask* task) {
    if (!task->parent) {
        return new Reply();
    }
    // Grown as values come, not as many as the list claims to have. A list that is complete has
    // nobody who points to it any more when its parent grows.
    return &static_cast<Reply*>(task->parent->obj)->items.emplace_back();
}

/// hiredis asks for values one by one. Nothing may be thrown through it: no value means no memory.
template <typename Fill>
void* make(const redisReadTask* task, Fill fill) noexcept {
    Reply* reply = nullptr;
    try {
        reply = place_of(task);
        fill(*reply);
        return reply;
    } catch (const std::exception&) {
        if (reply && !task->parent) {
            delete reply;
        }
        return nullptr;
    }
}

void* make_string(const redisReadTask* task, char* bytes, std::size_t size) {
    return make(task, [&](Reply& reply) {
        reply.kind = task->type == REDIS_REPLY_ERROR    ? Reply::Kind::error
                     : task->type == REDIS_REPLY_STATUS ? Reply::Kind::status
                                                        : Reply::Kind::text;
        reply.value.assign(bytes, size);
    });
}

void* make_list(const redisReadTask* task, int) {
    return make(task, [](Reply& reply) { reply.kind = Reply::Kind::list; });
}

void* make_integer(const redisReadTask* task, long long number) {
    return make(task, [&](Reply& reply) {
        reply.kind = Reply::Kind::integer;
        reply.number = number;
    });
}

void* make_nothing(const redisReadTask* task) {
    return make(task, [](Reply&) {});
}

void free_reply(void* reply) { delete static_cast<Reply*>(reply); }

redisReplyObjectFunctions makers = {make_string, make_list, make_integer, make_nothing, free_reply};

}  // namespace

std::string Reply::text() const {
    switch (kind) {
        case Kind::text:
        case Kind::status:
            return value;
        case Kind::integer:
            return std::to_string(number);
        default:
            throw Error(Code::internal, "Redis answered with something other than a text");
    }
}

std::optional<std::string> Reply::optional() const {
    return is_nothing() ? std::nullopt : std::optional(text());
}

std::int64_t Reply::integer() const {
    if (kind == Kind::integer) {
        return number;
    }
    std::int64_t parsed = 0;
    const auto* const end = value.data() + value.size();
    const auto [stop, failure] = std::from_chars(value.data(), end, parsed);
    if (kind != Kind::text || failure != std::errc() || stop != end) {
        throw Error(Code::internal, "Redis answered with something other than an integer");
    }
    return parsed;
}

std::string format(const std::vector<std::string>& arguments) {
    if (arguments.empty()) {
        throw Error(Code::usage, "a Redis command needs a name");
    }
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const auto& argument : arguments) {
        texts.push_back(argument.data());
        sizes.push_back(argument.size());
    }
    char* raw = nullptr;
    const int size = redisFormatCommandArgv(&raw, static_cast<int>(arguments.size()), texts.data(),
                                            sizes.data());
    if (size < 0) {
        throw Error(Code::internal, "out of memory");
    }
    const std::unique_ptr<char, decltype(&redisFreeCommand)> owned(raw, redisFreeCommand);
    return {raw, static_cast<std::size_t>(size)};
}

void Reader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

Reader::Reader() : reader_(redisReaderCreateWithFunctions(&makers)) {
    if (!reader_) {
        throw Error(Code::internal, "out of memory");
    }
}

void Reader::feed(std::string_view bytes) {
    redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

std::optional<Reply> Reader::next() {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
        throw Error(Code::cannot_connect,
                    fmt::format("the answer is not Redis' protocol: {}", reader_->errstr));
    }
    if (!raw) {
        return std::nullopt;
    }
    const std::unique_ptr<Reply> owned(static_cast<Reply*>(raw));
    return std::move(*owned);
}

}  // namespace caisson::redis
