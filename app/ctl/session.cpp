#include "app/ctl/session.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "services/drills/child.h"
#include "services/wire/url.h"

namespace qd::ctl {

namespace {

std::string trimmed(std::string text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\r'))
        text.pop_back();
    return text;
}

/// Characters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t width(const std::string& text)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t to, bool right)
{
    const std::string spaces(to - std::min(to, width(text)), ' ');
    return right ? spaces + text : text + spaces;
}

} // namespace

std::string Session::dataDirectory() const
{
    if (!connection.dataDirectory.empty()) return connection.dataDirectory;
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0')
        return std::string(data) + "/quarterdeck";
    const char* home = std::getenv("HOME");
    return std::string(home != nullptr ? home : ".") + "/.local/share/quarterdeck";
}

std::string Session::urlOfBackend() const
{
    std::string url = connection.url;
    const auto beacon = dataDirectory() + "/backend.json";
    if (url.empty())
        if (const auto found = json::Document::parse(drills::slurp(beacon)))
            url = std::string((*found)["url"].stringOr({}));
    if (url.empty()) {
        complain("no backend is running here: " + beacon +
                 " does not exist; start one with ./run --headless, or name one with --url");
        throw Ended{kUnreachable};
    }
    while (url.ends_with('/')) url.pop_back();
    return url;
}

/// Before anything is sent there: the token or the password would be first.
void Session::requireConfidential() const
{
    const auto url = wire::Url::parse(m_url);
    if (url && url->isConfidential()) return;
    complain(m_url + (url ? " is not encrypted, and not this machine by its number; "
                          : " is no address to call: " + url.error().detail + "; ") +
             "give https://…, or http://127.0.0.1:… on this machine");
    throw Ended{kUsage};
}

void Session::open()
{
    if (m_link) return;
    m_url = urlOfBackend();
    requireConfidential();
    wire::HttpClientOptions options;
    options.tls.caFile = connection.caFile;
    m_link = std::make_unique<drills::Link>(options);
    m_open = std::make_unique<drills::ApiClient>(*m_link, m_url);
}

/// A token file that was named comes first, then who has signed in, then the local owner's.
void Session::connect()
{
    open();
    if (connection.tokenFile.empty()) {
        auto kept = Logins(Logins::defaultPath()).find(m_url);
        if (!kept) {
            complain(describe(kept.error()));
            throw Ended{kRefused};
        }
        m_login = std::move(*kept);
    }
    if (m_login && !m_login->session.empty())
        useLogin();
    else
        useOwnerToken();
}

void Session::useOwnerToken()
{
    std::string tokenFile = connection.tokenFile;
    if (tokenFile.empty())
        if (const auto found =
                json::Document::parse(drills::slurp(dataDirectory() + "/backend.json")))
            tokenFile = std::string((*found)["tokenFile"].stringOr({}));
    if (tokenFile.empty()) tokenFile = dataDirectory() + "/owner.token";
    auto token = trimmed(drills::slurp(tokenFile));
    if (token.empty()) {
        complain("the token file " + tokenFile +
                 " cannot be read; name another with --token-file, or sign in: quarterdeckctl login");
        throw Ended{kUnreachable};
    }
    m_api = std::make_unique<drills::ApiClient>(*m_link, m_url, runtime::Secret(std::move(token)));
}

drills::ApiClient& Session::api()
{
    if (!m_api) connect();
    return *m_api;
}

drills::Answer Session::answerOf(Result<drills::Answer> answer, const std::string& method) const
{
    if (!answer) {
        const bool maybeDone = answer.error().kind == ErrorKind::OutcomeUnknown && method != "GET";
        complain(m_url + " did not answer: " + answer.error().detail +
                 (maybeDone ? "; it may have been done all the same, look before trying again" : ""));
        throw Ended{kUnreachable};
    }
    return std::move(*answer);
}

drills::Answer Session::ask(const std::string& method, const std::string& path,
                            const std::string& body)
{
    auto answer = answerOf(api().call(method, path, body), method);
    if (answer.text("code") == "auth.step_up_required" && stepUp())
        return answerOf(api().call(method, path, body), method);
    return answer;
}

drills::Answer Session::askOpenly(const std::string& method, const std::string& path,
                                  const std::string& body)
{
    open();
    return answerOf(m_open->call(method, path, body), method);
}

drills::Answer Session::require(const std::string& method, const std::string& path,
                                const std::string& body)
{
    auto answer = ask(method, path, body);
    if (answer.isOk()) return answer;
    if (wantsJson()) printJson(answer.body);
    explain(answer);
    throw Ended{answer.status == 412 ? kConfirmation : kRefused};
}

Pages Session::pages(const std::string& path, const std::string& name, std::size_t limit)
{
    constexpr std::size_t kPageMax = 500;
    Pages pages(name);
    std::string cursor;
    std::size_t rows = 0;
    do {
        const std::string size = std::to_string(std::min(limit - rows, kPageMax));
        pages.add(require("GET", path + "&limit=" + size + cursor));
        rows += pages.last()[name].size();
        const json::Value next = pages.last()["nextCursor"];
        cursor = next.isAbsent() ? "" : "&cursor=" + wire::percentEncode(cell(next));
    } while (rows < limit && !cursor.empty());
    return pages;
}

std::vector<json::Value> Pages::rows() const
{
    std::vector<json::Value> all;
    for (const drills::Answer& answer : m_answers)
        for (const json::Value& row : answer[m_name].items()) all.push_back(row);
    return all;
}

std::string Pages::json() const
{
    json::Writer out;
    out.beginObject().array(m_name, rows());
    out.member("nextCursor", last()["nextCursor"]);
    return out.endObject().take();
}

void Session::print(const std::string& text) const
{
    std::fputs(text.c_str(), stdout);
    if (!text.ends_with('\n')) std::fputc('\n', stdout);
    std::fflush(stdout);
}

void Session::printJson(const std::string& text) const
{
    print(trimmed(text));
}

void Session::complain(const std::string& text) const
{
    std::fprintf(stderr, "quarterdeckctl: %s\n", trimmed(text).c_str());
}

void Session::explain(const drills::Answer& refusal) const
{
    std::string text = refusal.text("title");
    if (text.empty()) text = "answered " + std::to_string(refusal.status);
    if (const auto detail = refusal.text("detail"); !detail.empty()) text += ": " + detail;
    if (const auto code = refusal.text("code"); !code.empty()) text += " [" + code + "]";
    for (const auto& error : refusal["errors"].items()) {
        text += "\n  " + cell(error["field"]) + ": " + cell(error["detail"]);
        if (!error["example"].isAbsent()) text += " (for example " + cell(error["example"]) + ")";
    }
    for (const auto& asked : refusal["confirmations"].items())
        text += "\n  " + cell(asked["text"]) + "  --confirm " + cell(asked["code"]);
    const auto near = refusal["near"].strings();
    if (near && !near->empty()) {
        text += "\n  near:";
        for (const auto& symbol : *near) text += " " + symbol;
    }
    if (const auto wait = refusal["retryAfterMs"].integerOr(0); wait > 0)
        text += "\n  try again in " + std::to_string((wait + 999) / 1000) + " s";
    if (const auto way = refusal.text("reauthorizeBy"); !way.empty())
        text += "\n  to connect the broker again: " + way;
    if (refusal.status == 412) text += "\n  nothing was done; --yes confirms all of it";
    complain(text);
}

std::string cell(const json::Value& value)
{
    if (value.isAbsent()) return {};
    if (value.isString()) return std::string(value.stringOr({}));
    if (value.isNumber()) return std::string(value.numberText());
    if (value.isBoolean()) return value.booleanOr(false) ? "yes" : "no";
    return value.dump();
}

std::string Table::text() const
{
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < m_columns.size(); ++i) {
        std::size_t widest = width(m_columns[i].title);
        for (const auto& row : m_rows) widest = std::max(widest, width(row[i]));
        widths.push_back(widest);
    }
    std::string result;
    const auto line = [&](const auto& cellAt) {
        std::string row;
        for (std::size_t i = 0; i < m_columns.size(); ++i)
            row += (i == 0 ? "" : "  ") + padded(cellAt(i), widths[i], m_columns[i].isNumber);
        row.erase(row.find_last_not_of(' ') + 1);
        result += row + "\n";
    };
    line([&](std::size_t i) { return m_columns[i].title; });
    for (const auto& row : m_rows) line([&](std::size_t i) { return row[i]; });
    return result;
}

std::string facts(const std::vector<std::pair<std::string, std::string>>& lines)
{
    std::size_t widest = 0;
    for (const auto& [name, value] : lines) widest = std::max(widest, width(name));
    std::string result;
    for (const auto& [name, value] : lines)
        result += padded(name, widest, false) + "  " + value + "\n";
    return result;
}

} // namespace qd::ctl
