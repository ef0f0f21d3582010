/// A function of a shell that asks the command for what may come next: a word, a tab, what it means, and `:files` for names of
/// files.
///
/// What is put into a line for the shell to run has been quoted for it: names are those of a file that anyone may have made.
struct CompletionScript {
  let shell: String
  let text: String

  static let all = [bash, zsh, fish]

  private static let bash = CompletionScript(
    shell: "bash",
    text: #"""
      _suture() {
        local line rest=$COMP_LINE typed= current=${COMP_WORDS[COMP_CWORD]} quote= files= i
        local -a words=()
        COMPREPLY=()
        # Bash has taken words apart at = and :, and left their quotes on.
        for ((i = 0; i <= COMP_CWORD; i++)); do
          line=${rest%%[![:space:]]*}
          if [[ $line || $i -eq 0 ]]; then words+=("${COMP_WORDS[i]}"); else words[${#words[@]}-1]+=${COMP_WORDS[i]}; fi
          rest=${rest#"$line"} rest=${rest#"${COMP_WORDS[i]}"} typed=${words[${#words[@]}-1]}
        done
        for ((i = 0; i < ${#words[@]}; i++)); do
          line=${words[i]} quote=
          [[ $line == [\'\"]* ]] && quote=${line:0:1} line=${line:1} && line=${line%"$quote"}
          [[ $quote == \' ]] || line=${line//'\\'/$'\1'} line=${line//\\/} line=${line//$'\1'/'\'}
          words[i]=$line
        done
        # It takes what stands behind the last = or :, and no quotes of its own where there is one already.
        [[ ${current//[=:]/} ]] || current=
        while IFS= read -r line; do
          if [[ $line == :files ]]; then files=1; continue; fi
          line=${line%%$'\t'*}
          [[ $line == *. ]] && compopt -o nospace 2>/dev/null
          if [[ ! $quote ]]; then
            printf -v line %q "$line"
          elif [[ $line == *[\'\"\$\`\\!]* ]]; then
            continue
          fi
          COMPREPLY+=("${line#"${typed%"$current"}"}")
        done < <("${words[0]/#'~/'/$HOME/}" __complete "${words[@]:1}" 2>/dev/null)
        if [[ $files && ${#COMPREPLY[@]} -eq 0 ]]; then
          compopt -o default 2>/dev/null
        elif [[ $files ]]; then
          compopt -o filenames 2>/dev/null
          while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
        fi
      }
      complete -F _suture suture

      """#)

  private static let zsh = CompletionScript(
    shell: "zsh",
    text: #"""
      #compdef suture
      _suture() {
        local line word
        local -a whole parts
        # A quote that is still open stands before what is typed.
        for line in "${(@f)$(${(Q)~words[1]} __complete "${(@Q)words[2,CURRENT-1]}" "${${(Q)words[CURRENT]}#[\'\"]}" 2>/dev/null)}"; do
          word=${line%%$'\t'*}
          case $word in
            "") ;;
            :files) _files ;;
            *.) parts+=("$word") ;;
            *) whole+=("${${word//\\/\\\\}//:/\\:}:${${line#"$word"}#$'\t'}") ;;
          esac
        done
        (( $#whole )) && _describe -V suture whole
        (( $#parts )) && compadd -S '' -a parts
      }
      if [ "$funcstack[1]" = _suture ]; then _suture "$@"; else compdef _suture suture; fi

      """#)

  private static let fish = CompletionScript(
    shell: "fish",
    text: #"""
      function __suture_ask
        set -l words (commandline -opc)
        set -l typed (commandline -ct)
        if string match -qr '^["\']' -- $typed
          set typed (string sub -s 2 -- $typed)
        else
          set typed (string unescape -- $typed; or echo -- $typed)
        end
        set words[1] (string replace -r '^~/' "$HOME/" -- $words[1])
        $words[1] __complete $words[2..-1] "$typed" 2>/dev/null
      end
      complete -c suture -f -k -a '(__suture_ask | string match -v :files)'
      complete -c suture -n '__suture_ask | string match -q :files' -F

      """#)
}
