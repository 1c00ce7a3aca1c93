# cmake -DLEVEL=<x86-64, x86-64-v3 or x86-64-v4> -DFOLDER=<to build in> -P portability.cmake <compiler> <flags>...
#
# Builds portability.cpp for a level of the x86-64 processors, and runs it where this one has what the level needs.
set(needs_x86-64-v3 avx2 bmi2 f16c fma movbe)
set(needs_x86-64-v4 ${needs_x86-64-v3} avx512bw avx512cd avx512dq avx512f avx512vl)

math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 5 ${last})
  list(APPEND compile ${CMAKE_ARGV${i}})
endforeach()
cmake_path(GET CMAKE_ARGV5 FILENAME compiler)
set(program ${FOLDER}/portability-${LEVEL}-${compiler})
file(MAKE_DIRECTORY ${FOLDER})
execute_process(COMMAND ${compile} -O1 -march=${LEVEL} ${CMAKE_CURRENT_LIST_DIR}/portability.cpp -o ${program}
                COMMAND_ERROR_IS_FATAL ANY)

set(processor "")
if(EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo processor REGEX "^flags" LIMIT_COUNT 1)
endif()
foreach(flag IN LISTS needs_${LEVEL})
  if(NOT processor MATCHES " ${flag}( |$)")
    message(STATUS "Built, but not run: the processor has no ${flag}, or does not say so")
    return()
  endif()
endforeach()
execute_process(COMMAND ${CMAKE_COMMAND} -E env OMP_WAIT_POLICY=passive ${program} COMMAND_ERROR_IS_FATAL ANY)
