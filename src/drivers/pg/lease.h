// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// A lane that one caller holds alone.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "drivers/pg/lane.h"

namespace caisson::pg {

/// Movable; gives the lane back when it ends: what the caller left in its connection (a
/// transaction, settings, the role, temporary tables, locks) is taken away before anybody else gets
/// it. A lane left in the middle of something is closed. Streams and transactions end before it.
class Lease {
 public:
    class Transaction;
    class Stream;

    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    /// As Pool::query(), and any statement may be asked for, except COPY.
    boost::asio::awaitable<Rows> query(Session session, Statement statement,
                                       Arguments arguments = {}, RequestOptions options = {});
    boost::asio::awaitable<Transaction> begin(Session session, RequestOptions options = {},
                                              std::string begin = "begin");
    boost::asio::awaitable<Stream> stream(Session session, Statement statement,
                                          Arguments arguments = {}, RequestOptions options = {});
    /// COPY … FROM STDIN (text, csv, binary): `next` gives chunk after chunk of any size, an empty
    /// one at the end. Rows copied. What `next` throws fails the COPY at the server, and goes on.
    boost::asio::awaitable<std::uint64_t> copy_in(
        Session session, std::string statement,
        std::function<boost::asio::awaitable<std::string_view>()> next,
        RequestOptions options = {});
    /// COPY … TO STDOUT: `take` gets each row's bytes as they arrive, and none before it is done
    /// with the last. Rows copied.
    boost::asio::awaitable<std::uint64_t> copy_out(
        Session session, std::string statement,
        std::function<boost::asio::awaitable<void>(std::string_view)> take,
        RequestOptions options = {});
    /// Asks the server to end what this lane is doing. From another coroutine than the one that
    /// waits, which gets 57014 when it was in time. Returns when the server has heard it, or
    /// after the time that connecting may take; it may be heard later then.
    boost::asio::awaitable<void> cancel();
    int backend_process() const;

 private:
    friend class Pool;
    Lease(std::shared_ptr<Lane::Core> core,
          std::function<void(std::shared_ptr<Lane::Core>)> give_back);
    std::shared_ptr<Lane::Core> core_;
    std::function<void(std::shared_ptr<Lane::Core>)> give_back_;
};

/// BEGIN to COMMIT. Without commit() it is rolled back, at the latest when the lease is given back.
/// Threads and errors: as Lane. After an error every further statement fails, as the server has it.
class Lease::Transaction {
 public:
    boost::asio::awaitable<Rows> query(Statement statement, Arguments arguments = {});
    /// Several statements in one round trip; after one that fails none is run.
    boost::asio::awaitable<std::vector<Rows>> batch(std::vector<Query> queries);
    /// As Lease::copy_in(). What fails has ended the transaction, as the server has it.
    boost::asio::awaitable<std::uint64_t> copy_in(
        std::string statement, std::function<boost::asio::awaitable<std::string_view>()> next);
    /// Errors: database_rejected with 25P02 when an error had ended the transaction already, and
    /// nothing of it is stored.
    boost::asio::awaitable<void> commit();
    boost::asio::awaitable<void> rollback();

 private:
    friend class Lease;
    Transaction(std::shared_ptr<Lane::Core> core, std::chrono::steady_clock::time_point deadline)
        : core_(std::move(core)), deadline_(deadline) {}
    std::shared_ptr<Lane::Core> core_;
    std::chrono::steady_clock::time_point deadline_;
};

/// Rows as they come. Nothing is read from the server before it is asked for, so a slow reader
/// holds the server back instead of filling the memory.
class Lease::Stream {
 public:
    Stream(Stream&&) noexcept = default;
    Stream& operator=(Stream&&) = delete;
    ~Stream();
    /// One row; nothing after the last one. Errors: as Lane; nothing more comes after one.
    boost::asio::awaitable<std::optional<Rows>> next();

 private:
    friend class Lease;
    Stream(std::shared_ptr<Lane::Core> core, Statement statement,
           std::chrono::steady_clock::time_point deadline)
        : core_(std::move(core)), statement_(std::move(statement)), deadline_(deadline) {}
    boost::asio::awaitable<void> end();
    std::shared_ptr<Lane::Core> core_;
    Statement statement_;
    std::chrono::steady_clock::time_point deadline_;
};

}  // namespace caisson::pg
