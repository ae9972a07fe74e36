// SPDX-License-Identifier: Apache-2.0
#include "drivers/post/post.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"

namespace caisson::post {
namespace {

constexpr std::size_t most_answer = 64 * 1024;

struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Free>;

/// A list of texts; grows at its end.
class List {
 public:
    void add(const std::string& text) {
        auto* const grown = curl_slist_append(list_.get(), text.c_str());
        if (!grown) {
            throw std::bad_alloc();
        }
        (void)list_.release();
        list_.reset(grown);
    }
    curl_slist* get() const { return list_.get(); }

 private:
    std::unique_ptr<curl_slist, Free> list_;
};

struct Exchange {
    std::string answer;
    std::string_view unsent;
    char failure[CURL_ERROR_SIZE] = {};
};

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* given) {
    auto& answer = static_cast<Exchange*>(given)->answer;
    answer.append(bytes,
                  std::min(size * count, most_answer - std::min(most_answer, answer.size())));
    return size * count;
}

std::size_t give(char* buffer, std::size_t size, std::size_t count, void* given) {
    auto& unsent = static_cast<Exchange*>(given)->unsent;
    const auto bytes = std::min(size * count, unsent.size());
    std::memcpy(buffer, unsent.data(), bytes);
    unsent.remove_prefix(bytes);
    return bytes;
}

int look_up(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return interrupt::requested() ? 1 : 0;
}

Handle handle_for(const std::string& url, const char* protocols, std::chrono::milliseconds limit,
                  Exchange& exchange) {
    // Once in a process, before any handle, and by one thread.
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    Handle handle(started == CURLE_OK ? curl_easy_init() : nullptr);
    if (!handle) {
        throw Error(Code::internal, "libcurl cannot be started");
    }
    curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, exchange.failure);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "caisson");
    // What an alert says is for its receiver: no proxy of the environment is told on this machine.
    std::string direct = "localhost,127.0.0.1,::1";
    for (const auto* const name : {"no_proxy", "NO_PROXY"}) {
        if (const auto* const value = std::getenv(name)) {
            direct += std::string(",") + value;  // What is set here takes the place of both.
        }
    }
    curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, direct.c_str());
    return handle;
}

/// Scheme, host and port: what stands behind them may be a secret.
std::string place_of(const std::string& url) {
    const auto begin = url.find("://");
    const auto at = url.find('@');
    const auto end = url.find_first_of("/?#", begin == std::string::npos ? 0 : begin + 3);
    const auto host = at != std::string::npos && at < end ? at + 1 : begin + 3;
    return begin == std::string::npos ? "the address" : url.substr(host, end - host);
}

/// Whether it stands on this machine.
bool is_here(const std::string& url) {
    const auto place = place_of(url);
    if (place == "[::1]" || place.starts_with("[::1]:")) {
        return true;
    }
    const auto host = place.substr(0, place.find(':'));
    return host == "localhost" || host == "127.0.0.1";
}

void perform(CURL* handle, const std::string& url, const Exchange& exchange) {
    const auto code = curl_easy_perform(handle);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        interrupt::check();
    }
    if (code != CURLE_OK) {
        throw Error(
            Code::cannot_connect,
            fmt::format("{}: {}", place_of(url),
                        exchange.failure[0] != 0 ? exchange.failure : curl_easy_strerror(code)));
    }
}

}  // namespace

WebAnswer send(const WebRequest& request) {
    Exchange exchange;
    const auto handle = handle_for(request.url, "http,https", request.limit, exchange);
    List headers;
    for (const auto& [name, value] : request.headers) {
        headers.add(name + ": " + value);
    }
    headers.add("Expect:");  // No question before the body.
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle.get(), CURLOPT_POST, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    perform(handle.get(), request.url, exchange);
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    return {static_cast<int>(status), std::move(exchange.answer)};
}

void send(const Mail& mail) {
    std::tm now{};
    const auto seconds = std::time(nullptr);
    ::gmtime_r(&seconds, &now);
    char date[64] = {};
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &now);
    const auto message = message_of(mail, date);
    Exchange exchange;
    exchange.unsent = message;
    const auto handle = handle_for(mail.server, "smtp,smtps", mail.limit, exchange);
    List recipients;
    for (const auto& address : mail.to) {
        recipients.add("<" + address + ">");
    }
    const auto from = "<" + mail.from + ">";
    curl_easy_setopt(handle.get(), CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(handle.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_READFUNCTION, give);
    curl_easy_setopt(handle.get(), CURLOPT_READDATA, &exchange);
    if (!mail.user.empty()) {
        // A password goes over TLS or not at all.
        curl_easy_setopt(handle.get(), CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
        curl_easy_setopt(handle.get(), CURLOPT_USERNAME, mail.user.c_str());
        curl_easy_setopt(handle.get(), CURLOPT_PASSWORD, mail.password.reveal().c_str());
    } else {
        // To another machine a mail goes as secretly as a webhook does.
        curl_easy_setopt(handle.get(), CURLOPT_USE_SSL,
                         static_cast<long>(is_here(mail.server) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    }
    perform(handle.get(), mail.server, exchange);
}

}  // namespace caisson::post
