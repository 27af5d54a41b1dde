# What most units include of the packages, compiled once in the sanitized builds, which are clang's: half of their time. With g++ it saves
# nothing.
# precompiled(<target> modules|tests): the target's units begin with that list.
if(NOT GENSETD_SANITIZE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  function(precompiled)
  endfunction()
  return()
endif()

# A list serves only units with the definitions that it was compiled with.
foreach(package gensetd_asio Boost::json Boost::url fmt::fmt spdlog::spdlog PkgConfig::HIREDIS)
  target_compile_definitions(gensetd_options INTERFACE $<TARGET_PROPERTY:${package},INTERFACE_COMPILE_DEFINITIONS>)
endforeach()
target_compile_options(gensetd_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")  # for the compiler cache

set(headers
    <algorithm> <array> <charconv> <chrono> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <optional> <ranges> <set> <span>
    <stdexcept> <string> <string_view> <thread> <utility> <variant> <vector>
    <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/detached.hpp> <boost/asio/io_context.hpp>
    <boost/asio/ip/tcp.hpp> <boost/asio/posix/stream_descriptor.hpp> <boost/asio/post.hpp> <boost/asio/ssl.hpp>
    <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp> <boost/asio/write.hpp> <boost/beast/core.hpp> <boost/beast/http.hpp>
    <boost/json.hpp> <boost/url.hpp> <fmt/chrono.h> <fmt/format.h> <fmt/ranges.h> <spdlog/spdlog.h>)

function(precompile name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;HEADERS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled_${name}.cpp CONTENT "")
  add_library(precompiled_${name} OBJECT ${CMAKE_BINARY_DIR}/precompiled_${name}.cpp)
  target_link_libraries(precompiled_${name} PRIVATE gensetd_options ${ARG_DEPENDS})
  target_precompile_headers(precompiled_${name} PRIVATE ${ARG_HEADERS})
endfunction()
precompile(modules HEADERS ${headers})
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  precompile(tests HEADERS ${headers} <gtest/gtest.h> DEPENDS GTest::gtest)
endif()

function(precompiled target list)
  target_precompile_headers(${target} REUSE_FROM precompiled_${list})
  target_link_libraries(${target} PRIVATE gensetd_network)  # Asio's headers refer to its library
endfunction()
