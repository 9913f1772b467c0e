#include "services/observability/log.h"

#include <array>
#include <charconv>
#include <cmath>

#include "services/json/json.h"
#include "services/observability/masking.h"

namespace qd::observability {
namespace {

constexpr std::array<std::string_view, 6> kReservedNames = {"time",    "level",   "component",
                                                            "message", "traceId", "spanId"};

class NullSink final : public LogSink {
public:
    bool isEnabled(LogLevel) const override { return false; }
    void write(const LogRecord&) noexcept override {}
};

std::string numberText(double value)
{
    if (!std::isfinite(value)) return "null";
    char buffer[32];
    return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

} // namespace

std::string_view toString(LogLevel level)
{
    switch (level) {
    case LogLevel::Debug: return "debug";
    case LogLevel::Info: return "info";
    case LogLevel::Warning: return "warning";
    case LogLevel::Error: return "error";
    }
    return "";
}

std::optional<LogLevel> parseLogLevel(std::string_view text)
{
    for (const auto level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error})
        if (text == toString(level)) return level;
    return std::nullopt;
}

LogField::LogField(std::string_view fieldName, bool value)
    : name(fieldName), text(value ? "true" : "false")
{
}

LogField::LogField(std::string_view fieldName, double value)
    : name(fieldName), text(numberText(value))
{
}

LogField::LogField(std::string_view fieldName, Decimal value)
    : name(fieldName), text(value.toString()), isText(true)
{
}

LogField::LogField(std::string_view fieldName, const Money& value)
    : name(fieldName), text(value.toString()), isText(true)
{
}

LogField::LogField(std::string_view fieldName, Timestamp value)
    : name(fieldName), text(value.toString()), isText(true)
{
}

LogField::LogField(std::string_view fieldName, Duration value)
    : LogField(fieldName, std::chrono::duration<double, std::milli>(value).count())
{
}

LogField::LogField(std::string_view fieldName, const Error& error)
    : name(fieldName), text(std::string(toString(error.kind)) + " " + describe(error)), isText(true)
{
}

std::string renderLine(const LogRecord& record)
{
    json::Writer writer;
    writer.reserve(256);
    writer.beginObject();
    writer.member("time", record.time.toString(6)).member("level", toString(record.level));
    writer.member("component", record.component).member("message", masked(record.message));
    if (record.trace.isValid())
        writer.member("traceId", record.trace.traceIdHex()).member("spanId", record.trace.spanIdHex());
    for (const auto& field : record.fields) {
        bool isReserved = false;
        for (const auto name : kReservedNames) isReserved |= field.name == name;
        writer.key(isReserved ? "field." + std::string(field.name) : std::string(field.name));
        if (isSensitiveName(field.name))
            writer.value("***");
        else if (field.isText)
            writer.value(masked(field.text));
        else
            writer.raw(field.text);
    }
    writer.endObject();
    return writer.take();
}

LogSink& nullLog()
{
    static NullSink sink;
    return sink;
}

Logger::Logger() : Logger(nullLog(), runtime::systemClock(), {}) {}

Logger::Logger(LogSink& sink, const runtime::Clock& clock, std::string component)
    : m_sink(&sink), m_clock(&clock),
      m_component(std::make_shared<const std::string>(std::move(component)))
{
}

Logger Logger::named(std::string component) const
{
    Logger logger = *this;
    logger.m_component = std::make_shared<const std::string>(std::move(component));
    return logger;
}

Logger Logger::in(const TraceContext& trace) const
{
    Logger logger = *this;
    logger.m_trace = trace;
    return logger;
}

void Logger::write(LogLevel level, std::string_view message, const Fields& fields) const
{
    if (!m_sink->isEnabled(level)) return;
    m_sink->write({m_clock->now(), level, *m_component, message, m_trace,
                   std::span(fields.begin(), fields.size())});
}

void Logger::debug(std::string_view message, Fields fields) const
{
    write(LogLevel::Debug, message, fields);
}

void Logger::info(std::string_view message, Fields fields) const
{
    write(LogLevel::Info, message, fields);
}

void Logger::warning(std::string_view message, Fields fields) const
{
    write(LogLevel::Warning, message, fields);
}

void Logger::error(std::string_view message, Fields fields) const
{
    write(LogLevel::Error, message, fields);
}

} // namespace qd::observability
