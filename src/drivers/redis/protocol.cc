// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/protocol.h"

#include <charconv>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "base/error.h"

namespace caisson::redis {
namespace {

std::string bytes_of(const redisReply& raw) { return {raw.str, raw.len}; }

Reply convert(const redisReply& raw) {
    Reply reply;
    switch (raw.type) {
        case REDIS_REPLY_STRING:
            reply.kind = Reply::Kind::text;
            reply.value = bytes_of(raw);
            break;
        case REDIS_REPLY_STATUS:
            reply.kind = Reply::Kind::status;
            reply.value = bytes_of(raw);
            break;
        case REDIS_REPLY_ERROR:
            reply.kind = Reply::Kind::error;
            reply.value = bytes_of(raw);
            break;
        case REDIS_REPLY_INTEGER:
            reply.kind = Reply::Kind::integer;
            reply.number = raw.integer;
            break;
        case REDIS_REPLY_ARRAY:
            reply.kind = Reply::Kind::list;
            reply.items.reserve(raw.elements);
            for (std::size_t i = 0; i < raw.elements; ++i) {
                reply.items.push_back(convert(*raw.element[i]));
            }
            break;
        default:
            break;
    }
    return reply;
}

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

Reader::Reader() : reader_(redisReaderCreate()) {
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
    const std::unique_ptr<void, decltype(&freeReplyObject)> owned(raw, freeReplyObject);
    return convert(*static_cast<const redisReply*>(raw));
}

}  // namespace caisson::redis
