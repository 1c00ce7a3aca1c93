# cmake -P check.cmake <source> <compiler> <flags>...
#
# The source's first lines say what compiling it must give:
#   // expect: <text>   it does not compile, and the compiler's output holds this text, as it stands; one or more lines
#   // compiles         it compiles: stands beside a program that must not, so that the difference is the reason
# The output is in English and quotes no source lines, so that text found is the compiler's, not the program's.
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 4 ${last})
  list(APPEND compile ${CMAKE_ARGV${i}})
endforeach()
set(source ${CMAKE_ARGV3})
if(CMAKE_ARGV4 MATCHES "clang")
  list(APPEND compile -fno-caret-diagnostics)
else()
  list(APPEND compile -fno-diagnostics-show-caret)
endif()

execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${compile} -c ${source} -o /dev/null
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
# g++ names the inline namespace of the instruction set, clang++ does not.
string(REGEX REPLACE "lamina::(avx512|avx2|avx_fma|avx|sse4_2|neon|baseline)::" "lamina::" output "${output}")

# Compiler output goes out as it is; the text of an error would be wrapped.
function(fail problem)
  message(NOTICE "${output}")
  message(FATAL_ERROR "${source} ${problem}")
endfunction()

file(READ ${source} rest)
if(rest MATCHES "^// compiles\n")
  if(NOT status EQUAL 0)
    fail("must compile, and does not")
  endif()
elseif(NOT rest MATCHES "^// expect: ")
  fail("must begin with '// expect: <text>' or '// compiles'")
elseif(status EQUAL 0)
  fail("must not compile, and does")
endif()

while(rest MATCHES "^// expect: ([^\n]+)\n(.*)$")
  set(text "${CMAKE_MATCH_1}")
  set(rest "${CMAKE_MATCH_2}")
  string(FIND "${output}" "${text}" position)
  if(position EQUAL -1)
    fail("does not make the compiler say '${text}'")
  endif()
endwhile()
